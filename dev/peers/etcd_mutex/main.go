// Runs one workload of `lockstead bench` with the Mutex of etcd's own concurrency package, and prints what came of it as the same JSON.
//
// Usage: etcd-mutex --endpoint HOST:PORT --shape apart|shared|contended --clients N [--hold-ms MS] [--think-ms MS] [--window S]
// [--warm-up S] [--name NAME] [--witness FILE]
//
// Each client has a connection and a session of its own, as the engine's have; `shared` is one of both for N tasks. With --witness a file
// that must not exist is made in each critical section and removed at its end, so that clients of different programs watch each other; and
// before it leaves each asks the server whether the lock is still its own.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"sync"
	"time"
)

type options struct {
	endpoint, workload, shape, name, witness string
	clients                                  int
	hold, think, window, warmUp              time.Duration
}

func main() {
	options := parse()
	before := load()
	outcome, err := run(options)
	if err != nil {
		fail(err)
	}
	if err := json.NewEncoder(os.Stdout).Encode(report(options, outcome, before)); err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "etcd-mutex:", err)
	os.Exit(1)
}

func parse() options {
	var found options
	var holdMS, thinkMS, window, warmUp float64
	flag.StringVar(&found.endpoint, "endpoint", "", "HOST:PORT of a member")
	flag.StringVar(&found.workload, "workload", "", "the workload's name, for the report")
	flag.StringVar(&found.shape, "shape", "", "apart, shared or contended")
	flag.IntVar(&found.clients, "clients", 1, "how many clients")
	flag.Float64Var(&holdMS, "hold-ms", 0, "how long each holds")
	flag.Float64Var(&thinkMS, "think-ms", 0, "how long each pauses after a release")
	flag.Float64Var(&window, "window", 5, "seconds that are measured")
	flag.Float64Var(&warmUp, "warm-up", 1, "seconds before")
	flag.StringVar(&found.name, "name", fmt.Sprintf("peer-bench-%d", os.Getpid()), "the lock, or what their names begin with")
	flag.StringVar(&found.witness, "witness", "", "a file made in each critical section")
	flag.Parse()
	span := func(figure float64, unit time.Duration) time.Duration { return time.Duration(figure * float64(unit)) }
	found.hold, found.think = span(holdMS, time.Millisecond), span(thinkMS, time.Millisecond)
	found.window, found.warmUp = span(window, time.Second), span(warmUp, time.Second)
	known := found.shape == "apart" || found.shape == "shared" || found.shape == "contended"
	if found.endpoint == "" || !known || found.clients < 1 || flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	if found.workload == "" {
		found.workload = found.shape
	}
	return found
}

// What all clients did, and what the process used for it inside the window.
type outcome struct {
	tallies    []tally
	violations int
	processor  float64
}

// Starts all clients at once, and reads the processor time at both ends of the window.
func run(options options) (outcome, error) {
	links, err := connect(options)
	if err != nil {
		return outcome{}, err
	}
	witnesses := witnessesFor(options)
	var ready, done sync.WaitGroup
	ready.Add(options.clients + 1)
	tallies := make([]tally, options.clients)
	for number := range tallies {
		worker := newWorker(options, number, links[number%len(links)], witnesses[number%len(witnesses)])
		done.Add(1)
		go func(into *tally) {
			defer done.Done()
			ready.Done()
			ready.Wait()
			*into = worker.loop(time.Now().Add(options.warmUp))
		}(&tallies[number])
	}
	ready.Done()
	ready.Wait()
	time.Sleep(options.warmUp)
	used := processor()
	time.Sleep(options.window)
	used = processor() - used
	done.Wait()
	violations := 0
	for _, witness := range witnesses {
		violations += witness.violations
	}
	return outcome{tallies, violations, used}, disconnect(links)
}
