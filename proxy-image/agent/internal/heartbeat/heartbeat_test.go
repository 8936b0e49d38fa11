package heartbeat

import (
	"bufio"
	"io"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var start = time.Unix(1_000_000, 0)

func goneAt(watch *Watch, after time.Duration) bool {
	gone, _ := watch.Gone(start.Add(after))
	return gone
}

func TestTheFirstHeartbeatMayTakeTheGrace(t *testing.T) {
	watch := NewWatch(start, 15*time.Second, time.Minute)
	if goneAt(watch, time.Minute-1) || !goneAt(watch, time.Minute) {
		t.Error("the client is not gone exactly after the grace")
	}
	long := NewWatch(start, time.Hour, time.Minute)
	if goneAt(long, time.Hour-1) || !goneAt(long, time.Hour) {
		t.Error("a limit above the grace does not count from the start")
	}
}

func TestAfterAHeartbeatTheLimitCounts(t *testing.T) {
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
	for value, want := range map[string]time.Duration{"": time.Minute, "1": time.Second, "86400": 24 * time.Hour} {
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

func TestHelloTellsThePodsResolver(t *testing.T) {
	hello := NewHello(strings.NewReader(`# made by the kubelet
search default.svc.cluster.local svc.cluster.local cluster.local
nameserver 10.43.0.10
nameserver fd43::a
options ndots:5
`), time.Minute)
	want := `{"version":1,"nameservers":["10.43.0.10","fd43::a"],` +
		`"search":["default.svc.cluster.local","svc.cluster.local","cluster.local"],"limitSeconds":60}` + "\n"
	if got := string(hello.Line()); got != want {
		t.Errorf("got  %swant %s", got, want)
	}
}

func TestHelloOfAnEmptyFileHasEmptyLists(t *testing.T) {
	want := `{"version":1,"nameservers":[],"search":[],"limitSeconds":2}` + "\n"
	if got := string(NewHello(strings.NewReader("nameserver\n\n"), 2*time.Second).Line()); got != want {
		t.Errorf("got  %swant %s", got, want)
	}
}

// startServer listens on a Unix socket; its clock stands at start plus one minute.
func startServer(t *testing.T) (socket string, watch *Watch) {
	t.Helper()
	socket = filepath.Join(t.TempDir(), "agent.sock")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	watch = NewWatch(start, 15*time.Second, 0)
	server := Server{
		Watch: watch,
		Hello: func() Hello { return NewHello(strings.NewReader(""), 15*time.Second) },
		Now:   func() time.Time { return start.Add(time.Minute) },
	}
	go server.Serve(listener)
	return socket, watch
}

func TestABeatThroughThePumpCountsAndComesBack(t *testing.T) {
	socket, watch := startServer(t)
	in, toPump := io.Pipe()
	fromPump, out := io.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- Pump(socket, in, out) }()
	reader := bufio.NewReader(fromPump)
	if line, err := reader.ReadString('\n'); err != nil || !strings.HasPrefix(line, `{"version":1,`) {
		t.Fatalf("first line %q, %v", line, err)
	}
	if !goneAt(watch, time.Minute) {
		t.Error("opening the channel counts as a heartbeat")
	}
	if _, err := toPump.Write([]byte{Beat}); err != nil {
		t.Fatal(err)
	}
	if back, err := reader.ReadByte(); err != nil || back != Beat {
		t.Fatalf("%q came back, %v", back, err)
	}
	if goneAt(watch, time.Minute) {
		t.Error("the heartbeat does not count")
	}
	toPump.Close()
	if err := <-ended; err != nil {
		t.Errorf("the pump ended with %v", err)
	}
}

func TestAnyOtherByteEndsTheChannel(t *testing.T) {
	socket, watch := startServer(t)
	connection, err := net.Dial("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	if _, err := connection.Write([]byte(".x")); err != nil {
		t.Fatal(err)
	}
	_ = connection.SetReadDeadline(time.Now().Add(10 * time.Second))
	if all, err := io.ReadAll(connection); err != nil || strings.HasSuffix(string(all), ".") {
		t.Errorf("read %q, %v", all, err)
	}
	if !goneAt(watch, time.Minute) {
		t.Error("nonsense counts as a heartbeat")
	}
}

func TestChannelsAreBounded(t *testing.T) {
	socket, _ := startServer(t)
	for count := 0; count <= maxConnections; count++ {
		connection, err := net.Dial("unix", socket)
		if err != nil {
			t.Fatal(err)
		}
		defer connection.Close()
		_ = connection.SetReadDeadline(time.Now().Add(10 * time.Second))
		_, err = bufio.NewReader(connection).ReadString('\n')
		if refused := err != nil; refused != (count == maxConnections) {
			t.Errorf("channel %d: %v", count+1, err)
		}
	}
}

func TestThePumpSaysThatNobodyAnswers(t *testing.T) {
	err := Pump(filepath.Join(t.TempDir(), "none.sock"), strings.NewReader(""), io.Discard)
	if err == nil || !strings.Contains(err.Error(), "no main process answers") {
		t.Error(err)
	}
}
