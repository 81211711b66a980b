// Judges a history of registers with Porcupine. Reads one operation a line, as ensemble_load.py writes them, and prints the verdict as a
// JSON object: how many operations were judged, and which registers' histories nobody could have seen in any order.
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

// A znode's value and how often it was changed.
type register struct {
	value   string
	version int
}

// Nobody knows whether an operation without an answer took place, so it may at any time until the end, or as good as never: then it
// stands behind all others.
var model = porcupine.Model{
	Init: func() interface{} { return register{} },
	Step: func(state, input, output interface{}) (bool, interface{}) {
		now, op := state.(register), input.(operation)
		next := register{op.Value, now.version + 1}
		switch {
		case op.Op == "read":
			return now == register{op.Seen, op.Version}, now
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
	histories := read()
	verdict := struct {
		Operations int      `json:"operations"`
		Unknown    int      `json:"unknown"`
		Illegal    []string `json:"illegal"`
		Undecided  []string `json:"undecided"`
	}{Illegal: []string{}, Undecided: []string{}}
	var keys []string
	for key := range histories {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	for _, key := range keys {
		var operations []porcupine.Operation
		for _, op := range histories[key] {
			verdict.Operations++
			if op.Outcome == "unknown" {
				verdict.Unknown++
				op.Return = math.MaxInt64
			}
			operations = append(operations, porcupine.Operation{ClientId: op.Client, Input: op, Call: op.Call, Return: op.Return})
		}
		switch porcupine.CheckOperationsTimeout(model, operations, 30*time.Second) {
		case porcupine.Illegal:
			verdict.Illegal = append(verdict.Illegal, key)
		case porcupine.Unknown:
			verdict.Undecided = append(verdict.Undecided, key)
		}
	}
	check(json.NewEncoder(os.Stdout).Encode(verdict))
}

func read() map[string][]operation {
	histories := map[string][]operation{}
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		var op operation
		check(json.Unmarshal(lines.Bytes(), &op))
		if op.Op == "set" || op.Op == "cas" || op.Op == "read" {
			histories[op.Key] = append(histories[op.Key], op)
		}
	}
	return histories
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
