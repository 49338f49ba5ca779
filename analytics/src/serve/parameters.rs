//! The types of `$1`, `$2`, ...: what the plan knows of them, and what a cast beside them says.

use std::collections::HashMap;

use arrow::datatypes::DataType;
use arrow_pg::datatypes::into_pg_type;
use datafusion::common::ParamValues;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::logical_expr::{Expr, LogicalPlan};
use pgwire::api::Type;
use pgwire::api::portal::Portal;
use pgwire::error::PgWireResult;

use super::session::Prepared;
use super::told;

/// The types in the order of their numbers; none where nothing tells.
pub fn types(plan: &LogicalPlan) -> PgWireResult<Vec<Option<DataType>>> {
    let wrong = |cause: datafusion::error::DataFusionError| told("42P18", cause.strip_backtrace());
    let mut known = plan.get_parameter_types().map_err(wrong)?;
    for (id, cast) in casts(plan) {
        known.entry(id).or_default().get_or_insert(cast);
    }
    let mut numbered: Vec<(u16, Option<DataType>)> = Vec::new();
    for (id, kind) in known {
        let number = id.strip_prefix('$').and_then(|number| number.parse().ok());
        let number = number.ok_or_else(|| told("42P02", format!("{id}: expected a parameter such as $1")))?;
        numbered.push((number, kind));
    }
    numbered.sort_by_key(|(number, _)| *number);
    Ok(numbered.into_iter().map(|(_, kind)| kind).collect())
}

/// The types as clients know them.
pub fn wire_types(plan: &LogicalPlan) -> PgWireResult<Vec<Type>> {
    let wire = |kind: Option<DataType>| kind.as_ref().map_or(Ok(Type::UNKNOWN), into_pg_type);
    types(plan)?.into_iter().map(wire).collect()
}

/// The values that a client has bound.
pub fn values(plan: &LogicalPlan, portal: &Portal<Prepared>) -> PgWireResult<ParamValues> {
    let types = types(plan)?;
    let types: Vec<Option<&DataType>> = types.iter().map(Option::as_ref).collect();
    arrow_pg::datatypes::df::deserialize_parameters(portal, &types)
}

/// `cast($1 as type)`, wherever it stands.
fn casts(plan: &LogicalPlan) -> HashMap<String, DataType> {
    let mut found = HashMap::new();
    let walked = plan.apply_with_subqueries(|node| {
        node.apply_expressions(|expression| {
            expression.apply(|expression| {
                if let Expr::Cast(cast) = expression
                    && let Expr::Placeholder(placeholder) = cast.expr.as_ref()
                {
                    found.insert(placeholder.id.clone(), cast.field.data_type().clone());
                }
                Ok(TreeNodeRecursion::Continue)
            })
        })
    });
    walked.map(|_| found).unwrap_or_default()
}
