package main

import (
	"fmt"
	"math"
	"sort"
	"strings"
	"time"

	"github.com/anishathalye/porcupine"
)

// Operations in a window that are told; of more, the last ones.
const told = 25

// Says in plain words why no register can have had a history: the operation whose answer made it impossible, what could have been
// answered instead, and the shortest stretch of the history before it that has to be known to see this. Times are ms since `epoch`.
func explain(key string, operations []operation, epoch int64) []string {
	culprit, before := firstImpossible(operations)
	if culprit == nil {
		return []string{fmt.Sprintf("%s: which operation is impossible could not be decided in time", key)}
	}
	window := shortest(append(before, *culprit))
	lines := []string{
		fmt.Sprintf("%s: %s: impossible; possible: %s", key, sentence(*culprit, epoch), possible(window, *culprit)),
		"  as these are known:",
	}
	sort.Slice(window, func(i, j int) bool { return window[i].Call < window[j].Call })
	if len(window) > told {
		window = window[len(window)-told:]
	}
	for _, op := range window {
		if op != *culprit {
			lines = append(lines, "  "+sentence(op, epoch))
		}
	}
	return lines
}

// The first answer that makes the history impossible, and what was known when it came.
func firstImpossible(operations []operation) (*operation, []operation) {
	answered := []operation{}
	for _, op := range operations {
		if op.Outcome != "unknown" {
			answered = append(answered, op)
		}
	}
	sort.Slice(answered, func(i, j int) bool { return answered[i].Return < answered[j].Return })
	at := sort.Search(len(answered), func(i int) bool { return isIllegal(knownAt(answered[i].Return, operations), register{}) })
	if at == len(answered) {
		return nil, nil
	}
	before := []operation{}
	for _, op := range knownAt(answered[at].Return, operations) {
		if op != answered[at] {
			before = append(before, op)
		}
	}
	return &answered[at], before
}

// The history up to a moment: of writes under way nobody knows yet, and reads under way saw nothing yet.
func knownAt(moment int64, operations []operation) []operation {
	known := []operation{}
	for _, op := range operations {
		if op.Return > moment {
			if op.Call > moment || op.Op == "read" || op.Outcome == "refused" {
				continue
			}
			op.Outcome, op.Return = "unknown", math.MaxInt64
		}
		known = append(known, op)
	}
	return known
}

// The shortest end of an impossible history that is impossible whatever the register was before. It is cut only where nothing is under way.
func shortest(operations []operation) []operation {
	sort.Slice(operations, func(i, j int) bool { return operations[i].Call < operations[j].Call })
	cuts, end := []int{}, int64(math.MinInt64)
	for i, op := range operations {
		if op.Call > end {
			cuts = append(cuts, i)
		}
		if op.Outcome != "unknown" && op.Return > end {
			end = op.Return
		}
	}
	from := func(cut int) []operation {
		kept := []operation{}
		for i, op := range operations {
			if i >= cuts[cut] || op.Outcome == "unknown" {
				kept = append(kept, op)
			}
		}
		return kept
	}
	legal := sort.Search(len(cuts), func(cut int) bool { return !isIllegal(from(cut), register{any: true}) })
	if legal == 0 {
		return operations
	}
	return from(legal - 1)
}

// What the operation could have been answered so that the rest of the window stands.
func possible(window []operation, culprit operation) string {
	seen, answers := map[string]bool{}, []string{}
	try := func(changed operation, words string) {
		if seen[words] {
			return
		}
		seen[words] = true
		others := []operation{changed}
		for _, op := range window {
			if op != culprit {
				others = append(others, op)
			}
		}
		if !isIllegal(others, register{any: true}) {
			answers = append(answers, words)
		}
	}
	switch {
	case culprit.Outcome == "refused":
		try(operation{Op: "cas", Call: culprit.Call, Return: culprit.Return, Outcome: "ok", Version: culprit.Expected + 1}, "accepted")
	case culprit.Op == "cas":
		try(operation{Op: "cas", Call: culprit.Call, Return: culprit.Return, Outcome: "refused", Expected: culprit.Expected}, "refused")
	}
	for _, op := range window {
		changed := culprit
		for version := op.Version - 1; version <= op.Version+1 && culprit.Op == "set" && op.Version > 0; version++ {
			changed.Version = version
			try(changed, fmt.Sprintf("version %d", version))
		}
		if culprit.Op != "read" || op == culprit {
			continue
		}
		changed.Seen, changed.Version = op.Value, op.Version
		if op.Op == "read" {
			changed.Seen = op.Seen
		}
		for unknown := 1; op.Outcome == "unknown" && unknown <= len(window); unknown++ {
			changed.Version = culprit.Version + unknown
			try(changed, state(changed.Seen, changed.Version))
		}
		if op.Outcome == "ok" {
			try(changed, state(changed.Seen, changed.Version))
		}
	}
	if len(answers) == 0 {
		return "nothing that anybody wrote or saw then"
	}
	return strings.Join(answers, " or ")
}

func isIllegal(operations []operation, before register) bool {
	from := model
	from.Init = func() interface{} { return before }
	return porcupine.CheckOperationsTimeout(from, forPorcupine(operations), 5*time.Second) == porcupine.Illegal
}

func sentence(op operation, epoch int64) string {
	what := map[string]string{
		"read": "read " + state(op.Seen, op.Version),
		"set":  fmt.Sprintf("set %q", op.Value),
		"cas":  fmt.Sprintf("set %q if version %d", op.Value, op.Expected),
	}[op.Op]
	answer, end := "", fmt.Sprintf("%.3f ms", float64(op.Return-epoch)/1e6)
	switch {
	case op.Outcome == "unknown":
		answer, end = ", nobody knows whether it was done", "an unknown time"
	case op.Outcome == "refused":
		answer = ", which was refused"
	case op.Op != "read":
		answer = fmt.Sprintf(", which made version %d", op.Version)
	}
	return fmt.Sprintf("client %d at %s, from %.3f to %s, %s%s", op.Client, op.Server, float64(op.Call-epoch)/1e6, end, what, answer)
}

func state(value string, version int) string {
	return fmt.Sprintf("%q (version %d)", value, version)
}
