package serve

import (
	"bufio"
	"bytes"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

const patience = 10 * time.Second

// log is what Run says. Safe for several goroutines.
type log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *log) Write(bytes []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(bytes)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// pod is Run with a shell script in the place of sshd.
type pod struct {
	t       *testing.T
	config  Config
	signals chan os.Signal
	log     *log
	status  chan int
}

func startPod(t *testing.T, script string, change func(*Config)) *pod {
	t.Helper()
	p := &pod{
		t: t,
		config: Config{
			UID:        65532,
			RunDir:     t.TempDir(),
			Sshd:       []string{"/bin/sh", "-c", script},
			Shell:      "/usr/local/bin/ktd-agent",
			ResolvConf: "/nonexistent",
			Limit:      time.Hour,
		},
		signals: make(chan os.Signal, 8),
		log:     &log{},
		status:  make(chan int, 1),
	}
	if change != nil {
		change(&p.config)
	}
	signal.Notify(p.signals, syscall.SIGCHLD)
	t.Cleanup(func() { signal.Stop(p.signals) })
	go func() { p.status <- Run(p.config, p.signals, p.log) }()
	return p
}

func (p *pod) await(text string) {
	p.t.Helper()
	for end := time.Now().Add(patience); !strings.Contains(p.log.String(), text); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			p.t.Fatalf("never said %q, but: %s", text, p.log)
		}
	}
}

func (p *pod) expectStatus(want int, text string) {
	p.t.Helper()
	select {
	case status := <-p.status:
		if status != want || !strings.Contains(p.log.String(), text) {
			p.t.Errorf("ended with %d, not %d and %q: %s", status, want, text, p.log)
		}
	case <-time.After(patience):
		p.t.Fatalf("did not end: %s", p.log)
	}
}

func TestTheUserHasTheProcessesOwnUid(t *testing.T) {
	p := startPod(t, "echo up >&2; exec sleep 60", func(c *Config) { c.UID = 1000660000 })
	p.await("up")
	entry, err := os.ReadFile(filepath.Join(p.config.RunDir, "passwd"))
	if want := "ktd:*:1000660000:65532:ktd:/:/usr/local/bin/ktd-agent\n"; err != nil || string(entry) != want {
		t.Errorf("passwd is %q, %v", entry, err)
	}
	p.signals <- syscall.SIGTERM
	p.expectStatus(143, "ending")
}

func TestRootAndSystemUidsAreRefused(t *testing.T) {
	startPod(t, "exec sleep 60", func(c *Config) { c.UID = 0 }).expectStatus(1, "runAsUser of 500 or more")
}

func TestAnUnwritableFolderIsTold(t *testing.T) {
	startPod(t, "exec sleep 60", func(c *Config) { c.RunDir = "/nonexistent" }).expectStatus(1, "must be writable (an emptyDir)")
}

func TestAMissingSshdIsTold(t *testing.T) {
	startPod(t, "", func(c *Config) { c.Sshd = []string{"/nonexistent/sshd"} }).expectStatus(1, "cannot start sshd")
}

func TestSshdsDeathGivesStatusOneAndItsLastWords(t *testing.T) {
	p := startPod(t, "echo 'no hostkeys available' >&2; exit 255", nil)
	p.expectStatus(1, "sshd ended (status 255); its last words: no hostkeys available")
}

func TestASurvivingChildDoesNotHoldUpTheEnd(t *testing.T) {
	p := startPod(t, "sleep 5 & echo last >&2; kill -9 $$", nil)
	p.expectStatus(1, "sshd ended (signal killed); its last words: last")
}

func TestASshdThatWillNotEndIsKilled(t *testing.T) {
	p := startPod(t, "trap '' TERM; echo up >&2; while :; do sleep 0.1; done", nil)
	p.await("up")
	began := time.Now()
	p.signals <- syscall.SIGTERM
	p.expectStatus(143, "terminated: ending")
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("took %s", took)
	}
}

func TestItEndsWellWithoutHeartbeats(t *testing.T) {
	p := startPod(t, "exec sleep 60", func(c *Config) { c.Limit = 50 * time.Millisecond })
	p.expectStatus(0, "no sign of the client within the limit of 50ms")
}

func TestHeartbeatsKeepItUp(t *testing.T) {
	p := startPod(t, "echo up >&2; exec sleep 60", func(c *Config) { c.Limit, c.Grace = 200*time.Millisecond, time.Hour })
	p.await("up")
	connection, err := net.Dial("unix", SocketPath(p.config.RunDir))
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	if _, err := connection.Write([]byte(".")); err != nil {
		t.Fatal(err)
	}
	_ = connection.SetReadDeadline(time.Now().Add(patience))
	reader := bufio.NewReader(connection)
	line, _ := reader.ReadString('\n')
	if back, err := reader.ReadByte(); err != nil || back != '.' {
		t.Fatalf("%q, then %q came back, %v", line, back, err)
	}
	began := time.Now()
	p.expectStatus(0, "no sign of the client")
	if took := time.Since(began); took < 100*time.Millisecond {
		t.Errorf("ended after %s", took)
	}
}

func TestARestartedContainerTakesOverTheSocket(t *testing.T) {
	folder := t.TempDir()
	if err := os.WriteFile(SocketPath(folder), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	p := startPod(t, "exec sleep 60", func(c *Config) { c.RunDir, c.Limit = folder, 50*time.Millisecond })
	p.expectStatus(0, "ready")
}

func TestTheTailKeepsTheEnd(t *testing.T) {
	kept := &tail{}
	for _, text := range []string{strings.Repeat("a", 5000), "b\r\n", "end\n"} {
		_, _ = kept.Write([]byte(text))
	}
	if got := kept.String(); len(got) > tailBytes || !strings.HasSuffix(got, "ab\nend") {
		t.Errorf("%d bytes, ending %q", len(got), got[len(got)-10:])
	}
}
