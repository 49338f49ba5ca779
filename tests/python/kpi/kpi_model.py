"""The KPIs of a planted story, the slow and obvious way: loops over what was planted and what each run saw."""
import math
from datetime import datetime, timedelta, timezone

from kpi_story import ACCOUNTS, DARK_FROM, DARK_TO, END, KINDS, START, TAGS, is_dark

UTC = timezone.utc
FINISHED = ("Completed", "Failed", "Stopped")
HOLE_FIRST, HOLE_LAST = datetime(2026, 3, 10, 10, tzinfo=UTC), datetime(2026, 3, 12, 8, tzinfo=UTC)


def hour_of(at):
    return at.replace(minute=0, second=0, microsecond=0)


def month_of(at):
    return at.replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def week_of(at):
    monday = at - timedelta(days=at.weekday())
    return monday.replace(hour=0, minute=0, second=0, microsecond=0)


def hours(first, last):
    return max(0.0, (last - first).total_seconds() / 3600)


def percentile(values, percent):
    if not values:
        return None
    ordered = sorted(values)
    return ordered[math.ceil(percent * len(ordered) / 100) - 1]


class Model:
    def __init__(self, story, as_of=END):
        self.story, self.as_of = story, as_of
        self.by_job = {}
        for sight in story.sights:
            self.by_job.setdefault(sight.job.arn, []).append(sight)

    # What the logs show.

    def request_seen(self, job):
        return job.request != "missing" and not is_dark(job.account, job.created_at)

    def interface_seen(self, job):
        return job.interface and not is_dark(job.account, job.created_at + timedelta(seconds=40))

    def described(self, job):
        """Runs that could read the job's detail."""
        return [s for s in self.by_job.get(job.arn, []) if s.verdict != "Undetermined"]

    def network(self, job):
        if self.request_seen(job):
            state = ("in" if job.groups else "outside") if job.request == "whole" else "unknown"
        else:
            state = ("in" if job.groups else "outside") if self.described(job) else "unknown"
        return "in" if state == "unknown" and self.interface_seen(job) else state

    def data(self, job):
        if self.request_seen(job):
            return job.data if job.request == "whole" else None
        return job.data if self.described(job) else None

    def named_at(self, job):
        """When a record or a run first names the job's groups."""
        times = []
        if self.request_seen(job) and job.request == "whole":
            times.append(job.created_at)
        if self.interface_seen(job):
            times.append(job.created_at + timedelta(seconds=40))
        times += [s.at for s in self.described(job)]
        return min(times) if times else None

    def deleted_at(self, group):
        return None if group.deleted_at is None or is_dark(group.account, group.deleted_at) else group.deleted_at

    def end(self, job):
        """Status, when it ended as far as is known, and whether that is told."""
        seen = [s for s in self.by_job.get(job.arn, []) if s.status in FINISHED]
        if not seen:
            return None, None, False
        return job.status, (job.ended_at if job.end_told else seen[0].at), job.end_told

    # KPI 1

    def jobs_in_vpc(self):
        rows = {}
        for job in self.story.jobs:
            for period, at in (("week", week_of(job.created_at)), ("month", month_of(job.created_at))):
                for kind in ("all", job.kind):
                    counts = rows.setdefault((period, at, kind), {"in": 0, "outside": 0, "unknown": 0})
                    counts[self.network(job)] += 1
        return rows

    # KPI 2

    def cases(self):
        """Job and control, the sights of the two, the first that found it."""
        found = []
        for job in self.story.jobs:
            for control in sorted({s.control for s in self.by_job.get(job.arn, [])}):
                sights = [s for s in self.by_job[job.arn] if s.control == control]
                bad = [s for s in sights if s.verdict == "NonCompliant"]
                if bad:
                    found.append((job, control, sights, bad[0]))
        return found

    def detections(self):
        rows = {}
        for _, control, sights, first in self.cases():
            row = rows.setdefault((week_of(first.at), control), {"still": 0, "no_longer": 0, "undetermined": 0, "waived": 0})
            newest = sights[-1]
            key = {"NonCompliant": "still", "Undetermined": "undetermined"}.get(newest.verdict, "no_longer")
            row[key] += 1
            row["waived"] += key == "no_longer" and newest.waiver == "yes"
        return rows

    # KPI 3

    def waivers(self, job):
        """(granted, held until) of each time in which runs found the waiver to hold."""
        looks = sorted({(s.at, s.waiver) for s in self.by_job.get(job.arn, []) if s.waiver != "no" or s.verdict == "NonCompliant"})
        intervals, current = [], None
        for at, state in looks:
            if state == "yes":
                if current is None:
                    current = [at, None]
                    intervals.append(current)
            elif current is not None:
                current[1], current = at, None
        last = job.waiver and datetime.fromisoformat(job.waiver.last_day).replace(tzinfo=UTC) + timedelta(days=1)
        result = []
        for first, over in intervals:
            waiver = job.waiver
            told = waiver.tagged_in_logs and not is_dark(job.account, waiver.granted_at) and waiver.granted_at <= first
            result.append((waiver.granted_at if told else first, min(over or last, last)))
        return result

    def next_of_model(self, job):
        later = [o.created_at for o in self.story.jobs
                 if o.account == job.account and o.kind == KINDS[0] and o.model == job.model and self.request_seen(o)
                 and o.request == "whole" and o.created_at > job.created_at]
        return min(later) if later else None

    def remedies(self, job, control, sights):
        """(at, remedy, certain)"""
        found = []
        status, ended, told = self.end(job)
        if status == "Stopped":
            found.append((ended, "stopped", True))
        if job.stop_requested_at and status is None and not is_dark(job.account, job.stop_requested_at) and job.stop_requested_at < END:
            found.append((job.stop_requested_at, "stop_requested", False))
        if job.kind == KINDS[0]:
            found += self.model_deletions(job, status, ended, told)
            found += self.successors(job, control)
        for granted, until in self.waivers(job):
            if until > self.as_of:
                found.append((granted, "waived", True))
        newest = sights[-1]
        last_bad = max(s.at for s in sights if s.verdict == "NonCompliant")
        if newest.verdict == "Compliant":
            found.append((min(s.at for s in sights if s.verdict == "Compliant" and s.at > last_bad), "met", True))
        if newest.verdict in ("Undetermined", "NotApplicable") and newest.waiver != "yes":
            found.append((newest.at, "verdict_unclear", False))
        if job.account == ACCOUNTS[2] and hour_of(job.created_at) <= HOLE_LAST:
            found.append((max(HOLE_FIRST, hour_of(job.created_at)), "logs_missing", False))
        return [one for one in found if one[0] <= self.as_of]

    def model_deletions(self, job, status, ended, told):
        found = []
        for at, account, by, other in self.story.deletions:
            if account != job.account or at < job.created_at or status not in (None, "Completed") or (told and ended > at):
                continue
            knows_name = self.request_seen(job) and job.request == "whole"
            if by == "unreadable" or (by == "arn" and other.base == job.base) or (by == "name" and not knows_name):
                found.append((at, "model_deleted", False))
            elif by == "name" and other.model == job.model:
                taken = self.next_of_model(job)
                if taken is None or taken > at:
                    found.append((at, "model_deleted", ended is not None and ended <= at))
        return found

    def successors(self, job, control):
        found = []
        for other in self.story.jobs:
            if other.account != job.account or other.kind != job.kind or other.created_at <= job.created_at:
                continue
            if self.data(job) is None or self.data(other) != self.data(job):
                continue
            status, ended, _ = self.end(other)
            if status != "Completed":
                continue
            sights = [s for s in self.by_job[other.arn] if s.control == control]
            judged = any(s.verdict != "Undetermined" for s in sights)
            good = any(s.verdict == "Compliant" for s in sights)
            bad = any(s.verdict == "NonCompliant" and s.at <= ended for s in sights)
            if not judged:
                found.append((ended, "successor_completed", False))
            elif good and not bad:
                found.append((ended, "successor_completed", True))
        return found

    def outcomes(self):
        rows = {}
        for job, control, sights, first in self.cases():
            remedies = self.remedies(job, control, sights)
            certain = sorted((at, remedy) for at, remedy, is_certain in remedies if is_certain)
            if certain:
                at, remedy = certain[0]
                after = at > first.at
                rows[job.arn, control] = ("remediated" if after else "settled_before", at, remedy, hours(first.at, at) if after else None, first.at)
            else:
                rows[job.arn, control] = ("unknown" if remedies else "open", None, None, None, first.at)
        return rows

    # KPI 4

    def percentiles(self):
        rows = {}
        for (_, control), (outcome, _, _, taken, first) in self.outcomes().items():
            for key in (("all", None, control), ("month", month_of(first), control)):
                row = rows.setdefault(key, {"remediated": [], "settled_before": 0, "open": [], "unknown": 0})
                if outcome == "remediated":
                    row["remediated"].append(taken)
                elif outcome == "open":
                    row["open"].append(hours(first, self.as_of))
                else:
                    row[outcome] += 1
        return {
            key: (len(r["remediated"]), r["settled_before"], len(r["open"]), r["unknown"], percentile(r["remediated"], 50),
                  percentile(r["remediated"], 90), max(r["open"], default=None))
            for key, r in rows.items()
        }

    # KPI 5

    def detection_delay(self):
        found = {(job.arn, control): first for job, control, _, first in self.cases()}
        rows = {}
        for control in ("job_in_vpc", "job_security_groups_exist"):
            row = rows.setdefault(control, {"timed": [], "not_detected": 0, "waived": 0, "unknown": 0})
            for job in self.story.jobs:
                first = found.get((job.arn, control))
                sights = [s for s in self.by_job.get(job.arn, []) if s.control == control]
                if control == "job_in_vpc":
                    network = self.network(job)
                    cleared = any(s.verdict in ("Compliant", "NotApplicable") for s in sights)
                    is_case = network == "outside" or (network == "unknown" and not cleared)
                    cause, doubtful = job.created_at, network == "unknown"
                else:
                    known = job.groups if self.named_at(job) else []
                    named = [g for g in known if not first or g.id in first.resources]
                    lost = [max(self.deleted_at(g), job.created_at) for g in named if self.deleted_at(g)]
                    cause, is_case, doubtful = min(lost, default=None), bool(lost), False
                if first and cause:
                    row["timed"].append(hours(cause, first.at))
                elif first:
                    row["unknown"] += 1
                elif is_case:
                    waived = any(s.waiver == "yes" for s in sights)
                    row["unknown" if doubtful else "waived" if waived else "not_detected"] += 1
        return rows

    # KPI 6

    def groups_with_tags(self):
        rows = {"all": dict.fromkeys(("with", "without", "unknown", "gone"), 0)}
        for group in self.story.groups:
            times = [self.named_at(job) for job in self.story.jobs if group in job.groups]
            times = [at for at in times if at]
            if not times:
                continue
            state = self.tag_state(group, min(times))
            for account in ("all", group.account):
                rows.setdefault(account, dict.fromkeys(("with", "without", "unknown", "gone"), 0))[state] += 1
        return rows

    def tag_state(self, group, named_at):
        if self.deleted_at(group):
            return "gone"
        changes = [(at, "set", key) for at, keys in group.tags for key in keys] + [(at, "unset", key) for at, key in group.untags]
        keys = set()
        for at, what, key in sorted(changes):
            if not is_dark(group.account, at):
                keys.add(key) if what == "set" else keys.discard(key)
        if keys >= set(TAGS):
            return "unknown" if group.account == ACCOUNTS[2] and hour_of(named_at) <= HOLE_LAST else "with"
        older = group.created_at is None or is_dark(group.account, group.created_at)
        return "unknown" if older else "without"

    # KPI 7

    def drift(self, prices):
        rows = {}
        words = ("network", "vpc", "subnet", "security group", "securitygroup", "sg-", "eni-")
        for job in self.story.jobs:
            status, ended, told = self.end(job)
            if status != "Failed":
                continue
            row = rows.setdefault(month_of(ended), {"drift": 0, "other": 0, "unknown": 0, "hours": [], "usd": [], "unpriced": 0})
            message = (job.failure or "").lower().replace("neural network", "")
            known = job.groups if self.named_at(job) else []
            gone = [self.deleted_at(g) for g in known if self.deleted_at(g) and self.deleted_at(g) <= ended]
            if (gone and told) or any(word in message for word in words):
                cause = "drift"
            else:
                cause = "unknown" if not job.failure or gone else "other"
            row[cause] += 1
            if cause != "drift":
                continue
            run = hours(job.created_at, ended) if told else None
            if run is not None:
                row["hours"].append(run)
            knows_base = job.kind == KINDS[0] or (job.kind == KINDS[2] and self.request_seen(job) and job.request == "whole")
            per_job, per_hour = next(((j, h) for base, j, h in prices if base == job.base and knows_base), (None, None))
            usd = per_job
            if per_hour is not None:
                usd = None if run is None else (per_job or 0) + per_hour * run
            if usd is None:
                row["unpriced"] += 1
            else:
                row["usd"].append(usd)
        return rows
