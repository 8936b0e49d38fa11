// Package heartbeat decides whether the client of a session is still there.
package heartbeat

import (
	"fmt"
	"strconv"
	"sync"
	"time"
)

// Limits of KTD_RESUME_SECONDS. The daemon has its own, narrower ones; these only catch nonsense.
const (
	DefaultLimit = 15 * time.Minute
	minLimit     = 1 * time.Second
	maxLimit     = 24 * time.Hour
)

// LimitFromEnvironment reads the value of KTD_RESUME_SECONDS: whole seconds, 1 to 86400; empty means 900.
func LimitFromEnvironment(value string) (time.Duration, error) {
	if value == "" {
		return DefaultLimit, nil
	}
	seconds, err := strconv.Atoi(value)
	limit := time.Duration(seconds) * time.Second
	if err != nil || limit < minLimit || limit > maxLimit {
		return 0, fmt.Errorf("KTD_RESUME_SECONDS=%q: whole seconds from %d to %d are wanted",
			value, int(minLimit.Seconds()), int(maxLimit.Seconds()))
	}
	return limit, nil
}

// Watch knows until when the client counts as alive. Time is passed in. Safe for several goroutines.
type Watch struct {
	limit time.Duration

	mu       sync.Mutex
	deadline time.Time
}

// NewWatch starts watching at start. The first sign of life may take the longer of limit and grace, since a session's
// start includes pulling images and opening connections.
func NewWatch(start time.Time, limit, grace time.Duration) *Watch {
	first := limit
	if grace > first {
		first = grace
	}
	return &Watch{limit: limit, deadline: start.Add(first)}
}

// Beat notes a sign of life: from the first one on, the limit counts and the grace is over.
func (w *Watch) Beat(now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.deadline = now.Add(w.limit)
}

// Gone tells whether the client is gone at now, and if not, how long it surely need not be asked again. That is never
// more than the limit, since the first beat brings the deadline forward from the end of the grace.
func (w *Watch) Gone(now time.Time) (gone bool, askAgain time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	left := w.deadline.Sub(now)
	if left <= 0 {
		return true, 0
	}
	if left > w.limit {
		left = w.limit
	}
	return false, left
}
