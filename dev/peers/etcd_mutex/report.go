package main

import (
	"fmt"
	"os"
	"runtime"
	"sort"
	"syscall"
	"time"
)

// The fields that `lockstead bench` reads; times in seconds.
type result struct {
	Workload         string    `json:"workload"`
	Clients          int       `json:"clients"`
	Window           float64   `json:"window"`
	Pairs            int       `json:"pairs"`
	PairsPerSecond   float64   `json:"pairsPerSecond"`
	Acquire          *summary  `json:"acquire"`
	Release          *summary  `json:"release"`
	HandOver         *summary  `json:"handOver"`
	Fairness         float64   `json:"fairness"`
	LeastOfAClient   int       `json:"leastOfAClient"`
	MostOfAClient    int       `json:"mostOfAClient"`
	Retaken          *float64  `json:"retaken"`
	Failures         int       `json:"failures"`
	Errors           []string  `json:"errors"`
	Violations       int       `json:"violations"`
	ProcessorPerPair *float64  `json:"processorPerPair"`
	Load             []float64 `json:"load"`
	Processors       int       `json:"processors"`
}

type summary struct {
	Count int     `json:"count"`
	P50   float64 `json:"p50"`
	P99   float64 `json:"p99"`
	Max   float64 `json:"max"`
	Mean  float64 `json:"mean"`
}

func report(options options, outcome outcome, loadBefore float64) result {
	found := result{
		Workload: options.workload, Clients: options.clients, Window: options.window.Seconds(), Fairness: 1,
		LeastOfAClient: outcome.tallies[0].pairs, Errors: []string{}, Violations: outcome.violations,
		Load: []float64{loadBefore, load()}, Processors: runtime.NumCPU(),
	}
	retaken, squares := 0, 0
	var acquire, release, handOver []time.Duration
	said := map[string]bool{}
	for _, tally := range outcome.tallies {
		found.Pairs += tally.pairs
		found.Failures += tally.failures
		squares += tally.pairs * tally.pairs
		retaken += tally.retaken
		if tally.pairs < found.LeastOfAClient {
			found.LeastOfAClient = tally.pairs
		}
		if tally.pairs > found.MostOfAClient {
			found.MostOfAClient = tally.pairs
		}
		acquire, release = append(acquire, tally.acquire...), append(release, tally.release...)
		handOver = append(handOver, tally.handOver...)
		if tally.said != "" && !said[tally.said] {
			said[tally.said] = true
			found.Errors = append(found.Errors, tally.said)
		}
	}
	sort.Strings(found.Errors)
	found.PairsPerSecond = float64(found.Pairs) / found.Window
	found.Acquire, found.Release, found.HandOver = summarise(acquire), summarise(release), summarise(handOver)
	if pairs := float64(found.Pairs); found.Pairs > 0 {
		found.Fairness = pairs * pairs / float64(options.clients*squares)
		each := outcome.processor / pairs
		found.ProcessorPerPair = &each
		if share := float64(retaken) / pairs; options.shape == "contended" {
			found.Retaken = &share
		}
	}
	return found
}

func summarise(spans []time.Duration) *summary {
	if len(spans) == 0 {
		return nil
	}
	sort.Slice(spans, func(one, other int) bool { return spans[one] < spans[other] })
	at := func(share float64) float64 {
		index := int(share * float64(len(spans)))
		if index >= len(spans) {
			index = len(spans) - 1
		}
		return spans[index].Seconds()
	}
	var sum time.Duration
	for _, span := range spans {
		sum += span
	}
	return &summary{
		Count: len(spans), P50: at(0.5), P99: at(0.99), Max: at(1), Mean: sum.Seconds() / float64(len(spans)),
	}
}

// Seconds of processor time that this process has used.
func processor() float64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		fail(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano()).Seconds()
}

func load() float64 {
	var found float64
	text, err := os.ReadFile("/proc/loadavg")
	if err == nil {
		_, err = fmt.Sscan(string(text), &found)
	}
	if err != nil {
		fail(err)
	}
	return found
}
