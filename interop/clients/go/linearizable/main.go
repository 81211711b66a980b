// Judges a history of registers with Porcupine. Reads one operation a line, as ensemble_load.py writes them, and prints the verdict as a
// JSON object: how many operations were judged, which registers' histories nobody could have seen in any order, and why.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"sort"
	"time"

	"github.com/anishathalye/porcupine"
)

type operation struct {
	Client   int
	Server   string
	Op       string
	Key      string
	Value    string
	Expected int
	Call     int64
	Return   int64
	Outcome  string
	Seen     string
	Version  int
}

// A znode's value and how often it was changed; or anything at all, as nobody knows what was before.
type register struct {
	value   string
	version int
	any     bool
}

// Nobody knows whether an operation without an answer took place, so it may at any time until the end, or as good as never: then it
// stands behind all others.
var model = porcupine.Model{
	Init: func() interface{} { return register{} },
	Step: func(state, input, output interface{}) (bool, interface{}) {
		now, op := state.(register), input.(operation)
		next := register{value: op.Value, version: now.version + 1}
		switch {
		case now.any && (op.Outcome == "unknown" || op.Outcome == "refused"):
			return true, now
		case now.any && op.Op == "read":
			return true, register{value: op.Seen, version: op.Version}
		case now.any:
			return true, register{value: op.Value, version: op.Version}
		case op.Op == "read":
			return now == register{value: op.Seen, version: op.Version}, now
		case op.Op == "cas" && op.Outcome == "refused":
			return now.version != op.Expected, now
		case op.Op == "cas" && now.version != op.Expected:
			return op.Outcome == "unknown", now
		default:
			return op.Outcome == "unknown" || next.version == op.Version, next
		}
	},
	DescribeOperation: func(input, output interface{}) string { return fmt.Sprintf("%+v", input) },
}

func main() {
	histories, epoch := read()
	verdict := struct {
		Operations int      `json:"operations"`
		Unknown    int      `json:"unknown"`
		Illegal    []string `json:"illegal"`
		Undecided  []string `json:"undecided"`
		Why        []string `json:"why"`
	}{Illegal: []string{}, Undecided: []string{}, Why: []string{}}
	var keys []string
	for key := range histories {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	for _, key := range keys {
		for i, op := range histories[key] {
			verdict.Operations++
			if op.Outcome == "unknown" {
				verdict.Unknown++
				histories[key][i].Return = math.MaxInt64
			}
		}
		switch porcupine.CheckOperationsTimeout(model, forPorcupine(histories[key]), 30*time.Second) {
		case porcupine.Illegal:
			verdict.Illegal = append(verdict.Illegal, key)
			verdict.Why = append(verdict.Why, explain(key, histories[key], epoch)...)
		case porcupine.Unknown:
			verdict.Undecided = append(verdict.Undecided, key)
		}
	}
	check(json.NewEncoder(os.Stdout).Encode(verdict))
}

func forPorcupine(operations []operation) []porcupine.Operation {
	converted := []porcupine.Operation{}
	for _, op := range operations {
		converted = append(converted, porcupine.Operation{ClientId: op.Client, Input: op, Call: op.Call, Return: op.Return})
	}
	return converted
}

// By register, and when the first of all began.
func read() (map[string][]operation, int64) {
	histories, epoch := map[string][]operation{}, int64(math.MaxInt64)
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		var op operation
		check(json.Unmarshal(lines.Bytes(), &op))
		epoch = min(epoch, op.Call)
		if op.Op == "set" || op.Op == "cas" || op.Op == "read" {
			histories[op.Key] = append(histories[op.Key], op)
		}
	}
	return histories, epoch
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
