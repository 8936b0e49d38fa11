package heartbeat

import (
	"testing"
	"time"
)

var start = time.Unix(1_000_000, 0)

func goneAt(watch *Watch, after time.Duration) bool {
	gone, _ := watch.Gone(start.Add(after))
	return gone
}

func TestTheFirstSignOfLifeMayTakeTheGrace(t *testing.T) {
	watch := NewWatch(start, 15*time.Second, time.Minute)
	if goneAt(watch, time.Minute-1) || !goneAt(watch, time.Minute) {
		t.Error("the client is not gone exactly after the grace")
	}
	long := NewWatch(start, time.Hour, time.Minute)
	if goneAt(long, time.Hour-1) || !goneAt(long, time.Hour) {
		t.Error("a limit above the grace does not count from the start")
	}
}

func TestAfterASignOfLifeTheLimitCounts(t *testing.T) {
	watch := NewWatch(start, 15*time.Second, time.Minute)
	watch.Beat(start.Add(10 * time.Second))
	if goneAt(watch, 25*time.Second-1) || !goneAt(watch, 25*time.Second) {
		t.Error("the client is not gone exactly after the limit")
	}
	watch.Beat(start.Add(20 * time.Second))
	if goneAt(watch, 35*time.Second-1) {
		t.Error("a later heartbeat does not count")
	}
}

func TestAskingAgainNeverMissesAShorterDeadline(t *testing.T) {
	watch := NewWatch(start, 15*time.Second, time.Minute)
	_, askAgain := watch.Gone(start)
	if askAgain != 15*time.Second {
		t.Errorf("asks again after %s: a heartbeat now would set a deadline before that", askAgain)
	}
	watch.Beat(start)
	if _, askAgain = watch.Gone(start.Add(10 * time.Second)); askAgain != 5*time.Second {
		t.Errorf("asks again after %s", askAgain)
	}
}

func TestLimitsAreWholeSecondsInRange(t *testing.T) {
	for value, want := range map[string]time.Duration{"": 15 * time.Minute, "1": time.Second, "86400": 24 * time.Hour} {
		if got, err := LimitFromEnvironment(value); err != nil || got != want {
			t.Errorf("%q: %s, %v", value, got, err)
		}
	}
	for _, value := range []string{"0", "-1", "86401", "1.5", "60s", "99999999999999999999", "9223372037"} {
		if got, err := LimitFromEnvironment(value); err == nil {
			t.Errorf("%q was taken for %s", value, got)
		}
	}
}
