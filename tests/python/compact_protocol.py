#!/usr/bin/env python3
"""usage: compact_protocol.py SEEDS [--careless]    the commit of compactions, step by step, in orders drawn by chance

Ingests, compactions, clearings and readers over one lake take turns at every single request; any of them may be killed or
sleep at any point, and whatever is cleared away is cleared at once, not after an hour. A reader that comes to its end must have
seen each row once, of every ingest that was committed when it began. The steps are those of analytics/src/store/compactions.rs,
analytics/src/compact/merge.rs, `remove_orphans` and the reader of queries. With --careless what a dead compaction left is
removed without a state that says so: the exit code is then 1, which shows that the model would see it.
"""
import random
import sys

ENDED, MERGED, REPLACED, CONDEMNED = "ended", "merged", "replaced", "condemned"


class Lake:
    def __init__(self, seed, careless):
        self.dice, self.careless = random.Random(seed), careless
        self.events, self.ledger, self.states = {}, {}, {}
        self.names, self.committed_rows = 0, set()
        self.whole, self.refused = 0, 0

    def fresh(self, kind):
        self.names += 1
        return f"{kind}{self.names}"

    # Each yield is a point at which somebody else may come between.

    def listing(self, files):
        """Keys in their order, one at a time: no snapshot."""
        seen = []
        while True:
            yield
            rest = sorted(key for key in files if not seen or key > seen[-1])
            if not rest:
                return seen
            seen.append(rest[0])

    def newest_state(self):
        return max((yield from self.listing(self.states)), default=0)

    def state(self):
        while True:
            number = yield from self.newest_state()
            yield
            if number == 0 or number in self.states:
                return number, dict(self.states.get(number, {}))

    def read_ledger(self):
        number, state = yield from self.state()
        while True:
            parts = yield from self.listing(self.ledger)
            if (yield from self.newest_state()) == number:
                return number, state, parts
            number, state = yield from self.state()

    def create(self, number, state):
        yield
        self.states.setdefault(number, state)

    def ingest(self):
        for _ in range(self.dice.randint(1, 5)):
            for _ in range(self.dice.randint(0, 15)):
                yield
            part = self.fresh("i")
            self.events[part] = [f"{part}.{row}" for row in range(2)]
            self.ledger[part] = True
            self.committed_rows |= set(self.events[part])

    def compact(self):
        _, state, ledger = yield from self.read_ledger()
        parts = [part for part in ledger if counts(state, part)]
        self.dice.shuffle(parts)
        parts = parts[: self.dice.randint(2, 4)]
        if len(parts) < 2:
            return
        rows = []
        for part in parts:
            yield
            if part not in self.events:
                return
            rows += self.events[part]
        merged = self.fresh("m")
        yield
        self.events[merged] = rows
        yield
        self.ledger[merged] = True
        while True:
            number, state, ledger = yield from self.read_ledger()
            if merged in state or not all(part in ledger and counts(state, part) for part in parts):
                return
            for files in (self.events, self.ledger):
                yield
                if merged not in files:
                    return
            following = {part: was for part, was in state.items() if was in (MERGED, CONDEMNED) or part in ledger}
            following |= {part: REPLACED for part in parts} | {merged: MERGED}
            yield from self.create(number + 1, following)

    def condemn(self, number, state, left):
        if self.careless:
            return True
        yield from self.create(number + 1, state | {part: CONDEMNED for part in left})
        _, state = yield from self.state()
        return all(state.get(part) == CONDEMNED for part in left)

    def clear(self):
        number, state, ledger = yield from self.read_ledger()
        for part in ledger:
            if state.get(part) in (REPLACED, CONDEMNED):
                yield
                self.ledger.pop(part, None)
        for older in (yield from self.listing(self.states)):
            if older < number:
                yield
                self.states.pop(older, None)
        candidates = yield from self.listing(self.events)
        number, state, ledger = yield from self.read_ledger()
        left = {part for part in candidates + ledger if part.startswith("m") and part not in state}
        orphans = [part for part in candidates if part not in ledger and part not in left]
        if left and (yield from self.condemn(number, state, left)):
            for part in sorted(left):
                yield
                self.ledger.pop(part, None)
            orphans += sorted(left)
        for part in orphans:
            yield
            self.events.pop(part, None)

    def read(self):
        expected = set(self.committed_rows)
        _, state, ledger = yield from self.read_ledger()
        committed = {part for part in ledger if counts(state, part)}
        for _ in range(self.dice.randint(0, 20)):
            yield
        files = [part for part in (yield from self.listing(self.events)) if part in committed]
        if not committed <= set((yield from self.listing(self.ledger))):
            self.refused += 1
            return
        rows = []
        for part in files:
            yield
            if part not in self.events:
                self.refused += 1
                return
            rows += self.events[part]
        assert len(rows) == len(set(rows)), "a row was seen twice"
        assert expected <= set(rows), f"rows were not seen: {sorted(expected - set(rows))}"
        self.whole += 1


def counts(state, part):
    return state[part] == MERGED if part in state else not part.startswith("m")


def again(what, times):
    for _ in range(times):
        yield from what()


def play(lake):
    actors = [again(what, times) for what, times in [
        (lake.ingest, 3), (lake.compact, 4), (lake.compact, 4), (lake.compact, 4), (lake.clear, 4), (lake.clear, 3),
        (lake.read, 6), (lake.read, 6),
    ]]
    while actors:
        actor = lake.dice.choice(actors)
        for _ in range(lake.dice.choice([1, 1, 1, 5, 30])):
            if next(actor, ENDED) == ENDED:
                actors.remove(actor)
                break
        if lake.dice.random() < 0.002 and len(actors) > 3:
            actors.remove(lake.dice.choice(actors[1:]))
            actors.append(again(lake.dice.choice([lake.compact, lake.clear]), 2))
    for _ in lake.read():
        pass


def main():
    careless = "--careless" in sys.argv
    whole = refused = 0
    for seed in range(int(sys.argv[1])):
        lake = Lake(seed, careless)
        try:
            play(lake)
        except AssertionError as wrong:
            sys.exit(f"seed {seed}: {wrong}")
        whole, refused = whole + lake.whole, refused + lake.refused
    print(f"{whole} readers saw each row once, {refused} were told to read again, none saw anything else")


if __name__ == "__main__":
    main()
