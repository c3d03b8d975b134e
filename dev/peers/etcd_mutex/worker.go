package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"go.etcd.io/etcd/clientv3"
	"go.etcd.io/etcd/clientv3/concurrency"
)

const (
	leaseSeconds = 8
	patience     = 30 * time.Second
)

// A connection and a session on it.
type link struct {
	client  *clientv3.Client
	session *concurrency.Session
}

// One for each client, or one for all.
func connect(options options) ([]link, error) {
	links := make([]link, options.clients)
	if options.shape == "shared" {
		links = links[:1]
	}
	for number := range links {
		client, err := clientv3.New(clientv3.Config{Endpoints: []string{options.endpoint}, DialTimeout: patience})
		if err != nil {
			return nil, err
		}
		session, err := concurrency.NewSession(client, concurrency.WithTTL(leaseSeconds))
		if err != nil {
			return nil, err
		}
		links[number] = link{client, session}
	}
	return links, nil
}

func disconnect(links []link) error {
	for _, link := range links {
		if err := link.session.Close(); err != nil {
			return err
		}
		if err := link.client.Close(); err != nil {
			return err
		}
	}
	return nil
}

// Who is inside of a critical section, who was before, and since when it is free.
type witness struct {
	sync.Mutex
	file         string
	inside, last int
	freed        time.Time
	violations   int
}

const nobody = -1

// One for all who want one name, one for each where each has its own.
func witnessesFor(options options) []*witness {
	if options.shape == "contended" {
		return []*witness{{file: options.witness, inside: nobody, last: nobody}}
	}
	each := make([]*witness, options.clients)
	for number := range each {
		each[number] = &witness{inside: nobody, last: nobody}
	}
	return each
}

// Says whether the one who comes in was the last one inside, and since when nobody was.
func (w *witness) enter(number int) (retaken bool, freed time.Time) {
	w.Lock()
	defer w.Unlock()
	w.expect(w.inside == nobody)
	if w.file != "" {
		file, err := os.OpenFile(w.file, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		w.expect(err == nil)
		if err == nil {
			file.Close()
		}
	}
	retaken, freed = w.last == number, w.freed
	w.inside, w.last = number, number
	return retaken, freed
}

func (w *witness) leave(number int, at time.Time) {
	w.Lock()
	defer w.Unlock()
	w.expect(w.inside == number)
	if w.file != "" {
		w.expect(os.Remove(w.file) == nil)
	}
	w.inside, w.freed = nobody, at
}

// The caller has the mutex.
func (w *witness) expect(fact bool) {
	if !fact {
		w.violations++
	}
}

func (w *witness) fail() {
	w.Lock()
	defer w.Unlock()
	w.violations++
}

// What one client did inside the window.
type tally struct {
	pairs, failures, retaken   int
	acquire, release, handOver []time.Duration
	said                       string
}

func (t *tally) fail(err error) {
	t.failures++
	if t.said == "" {
		t.said = err.Error()
	}
}

type worker struct {
	options options
	number  int
	link    link
	witness *witness
	mutex   *concurrency.Mutex
}

func newWorker(options options, number int, link link, witness *witness) *worker {
	name := options.name
	if options.shape != "contended" {
		name = fmt.Sprintf("%s/%d", name, number)
	}
	return &worker{options, number, link, witness, concurrency.NewMutex(link.session, name)}
}

// Acquire, hold, release, think, until the window is over.
func (w *worker) loop(begin time.Time) tally {
	var found tally
	for end := begin.Add(w.options.window); ; time.Sleep(w.options.think) {
		asked := time.Now()
		if !asked.Before(end) {
			return found
		}
		// What the warm-up did is left out.
		into := &found
		if asked.Before(begin) {
			into = &tally{}
		}
		if err := w.pair(asked, into); err != nil {
			into.fail(err)
		}
	}
}

func (w *worker) pair(asked time.Time, into *tally) error {
	waiting, cancel := context.WithTimeout(w.link.client.Ctx(), patience)
	defer cancel()
	if err := w.mutex.Lock(waiting); err != nil {
		return err
	}
	granted := time.Now()
	retaken, freed := w.witness.enter(w.number)
	time.Sleep(w.options.hold)
	lost := w.lost()
	released := time.Now()
	w.witness.leave(w.number, released)
	if err := w.mutex.Unlock(w.link.client.Ctx()); err != nil {
		return err
	}
	if lost != nil {
		return lost
	}
	into.pairs++
	into.acquire = append(into.acquire, granted.Sub(asked))
	into.release = append(into.release, time.Since(released))
	if retaken {
		into.retaken++
	} else if freed.After(asked) {
		// Only who waited by then was handed anything over.
		into.handOver = append(into.handOver, granted.Sub(freed))
	}
	return nil
}

// Why the lock is another's by now. It is asked among other programs alone: their release must not have been of this lock, and a Mutex
// itself does not tell, since to delete a key that is gone is no error.
func (w *worker) lost() error {
	if w.options.witness == "" {
		return nil
	}
	answer, err := w.link.client.Txn(w.link.client.Ctx()).If(w.mutex.IsOwner()).Commit()
	if err == nil && !answer.Succeeded {
		w.witness.fail()
		err = errors.New("the lock had another owner before its release")
	}
	return err
}
