package serve

import (
	"bytes"
	"encoding/base64"
	"io"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"ktd.dev/agent/internal/carriertest"
)

const patience = 10 * time.Second

var secret = bytes.Repeat([]byte{7}, 32)

// pod is Run with shell scripts in the place of sshd.
type pod struct {
	t       *testing.T
	config  Config
	signals chan os.Signal
	log     string
	status  chan int
}

// startPod starts one in which sshd is that script, which has the stream on its stdin and stdout.
func startPod(t *testing.T, script string, change func(*Config)) *pod {
	t.Helper()
	folder := t.TempDir()
	p := &pod{
		t: t,
		config: Config{
			UID:        65532,
			RunDir:     folder,
			Check:      []string{"/bin/true"},
			Sshd:       []string{"/bin/sh", "-c", script},
			Address:    "127.0.0.1:0",
			Secret:     filepath.Join(folder, "carrier_secret"),
			Shell:      "/usr/local/bin/ktd-agent",
			ResolvConf: "/nonexistent",
			Limit:      time.Hour,
		},
		signals: make(chan os.Signal, 8),
		log:     filepath.Join(folder, "log"),
		status:  make(chan int, 1),
	}
	if err := os.WriteFile(p.config.Secret, []byte(base64.StdEncoding.EncodeToString(secret)), 0o444); err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(&p.config)
	}
	log, err := os.Create(p.log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { log.Close() })
	signal.Notify(p.signals, syscall.SIGCHLD)
	t.Cleanup(func() { signal.Stop(p.signals) })
	go func() { p.status <- Run(p.config, p.signals, log) }()
	return p
}

func (p *pod) messages() string {
	text, err := os.ReadFile(p.log)
	if err != nil {
		p.t.Fatal(err)
	}
	return string(text)
}

func (p *pod) await(text string) {
	p.t.Helper()
	for end := time.Now().Add(patience); !strings.Contains(p.messages(), text); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			p.t.Fatalf("never said %q, but: %s", text, p.messages())
		}
	}
}

// open opens a stream.
func (p *pod) open() *carriertest.Wire {
	p.t.Helper()
	p.await("ready: carriers come in at ")
	address := regexp.MustCompile(`127\.0\.0\.1:\d+`).FindString(p.messages())
	connection, err := net.Dial("tcp", address)
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { connection.Close() })
	wire, err := carriertest.Greeted(connection)
	if err != nil {
		p.t.Fatal(err)
	}
	answer, err := wire.Meet(secret, carriertest.New, [16]byte{1}, 0)
	if err != nil || answer.Status != carriertest.Opened {
		p.t.Fatalf("%+v, %v: %s", answer, err, p.messages())
	}
	wire.SetReadDeadline(time.Now().Add(patience))
	return wire
}

func (p *pod) expectStatus(want int, text string) {
	p.t.Helper()
	select {
	case status := <-p.status:
		if status != want || !strings.Contains(p.messages(), text) {
			p.t.Errorf("ended with %d, not %d and %q: %s", status, want, text, p.messages())
		}
	case <-time.After(patience):
		p.t.Fatalf("did not end: %s", p.messages())
	}
}

func TestTheUserHasTheProcessesOwnUid(t *testing.T) {
	p := startPod(t, "", func(c *Config) { c.UID = 1000660000 })
	p.await("ready")
	entry, err := os.ReadFile(filepath.Join(p.config.RunDir, "passwd"))
	if want := "ktd:*:1000660000:65532:ktd:/:/usr/local/bin/ktd-agent\n"; err != nil || string(entry) != want {
		t.Errorf("passwd is %q, %v", entry, err)
	}
	p.signals <- syscall.SIGTERM
	p.expectStatus(143, "ending")
}

func TestWhatDoesNotFitIsTold(t *testing.T) {
	broken := filepath.Join(t.TempDir(), "broken")
	if err := os.WriteFile(broken, []byte("c2hvcnQ="), 0o444); err != nil {
		t.Fatal(err)
	}
	for text, change := range map[string]func(*Config){
		"runAsUser of 500 or more":                  func(c *Config) { c.UID = 0 },
		"must be writable (an emptyDir)":            func(c *Config) { c.RunDir = "/nonexistent" },
		"no secret to know the client by: open /no": func(c *Config) { c.Secret = "/nonexistent" },
		"broken: the base64 of 32 bytes is wanted":  func(c *Config) { c.Secret = broken },
		"sshd would not work: exit status 255: no hostkeys available": func(c *Config) {
			c.Check = []string{"/bin/sh", "-c", "echo 'no hostkeys available' >&2; exit 255"}
		},
		"sshd would not work: fork/exec /nonexistent/sshd": func(c *Config) { c.Check = []string{"/nonexistent/sshd"} },
		"cannot take carriers":                             func(c *Config) { c.Address = "203.0.113.1:2222" },
	} {
		t.Run(text, func(t *testing.T) { startPod(t, "", change).expectStatus(1, text) })
	}
}

func TestEachStreamHasAnSshdOfItsOwn(t *testing.T) {
	p := startPod(t, "echo hello; echo message >&2; exec cat", nil)
	wire := p.open()
	if err := wire.Send(carriertest.Data, []byte("echo")); err != nil {
		t.Fatal(err)
	}
	got := ""
	for got != "hello\necho" {
		kind, body, err := wire.Next()
		if err != nil || kind != carriertest.Data && kind != carriertest.Ack {
			t.Fatalf("%q, then %d %v", got, kind, err)
		}
		if kind == carriertest.Data {
			got += string(body)
		}
	}
	p.await("message")
}

func TestSshdHasAllDescriptorsThatThePodMayHave(t *testing.T) {
	p := startPod(t, "ulimit -Sn; ulimit -Hn", nil)
	wire := p.open()
	text := ""
	for {
		kind, body, err := wire.Next()
		if err != nil || kind == carriertest.Close {
			break
		}
		text += string(body)
	}
	limits := strings.Fields(text)
	if len(limits) != 2 || limits[0] != limits[1] && limits[0] != "1048576" {
		t.Errorf("soft and hard limit are %q", limits)
	}
}

func TestSshdEndsWithItsStreamAndIsReaped(t *testing.T) {
	p := startPod(t, "echo $$; exec cat", nil)
	wire := p.open()
	_, body, err := wire.Next()
	if err != nil {
		t.Fatal(err)
	}
	process := filepath.Join("/proc", strings.TrimSpace(string(body)))
	if err := wire.Send(carriertest.Close, []byte{0}); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		if _, err := os.Stat(process); os.IsNotExist(err) {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%s is still there", process)
		}
	}
}

func TestAnSshdThatDoesNotEndWithItsStreamIsKilled(t *testing.T) {
	p := startPod(t, "echo lingers as $$. >&2; exec sleep 600", nil)
	wire := p.open()
	p.await(".\n")
	pid, err := strconv.Atoi(regexp.MustCompile(`lingers as (\d+)\.`).FindStringSubmatch(p.messages())[1])
	if err != nil {
		t.Fatal(err)
	}
	if err := wire.Send(carriertest.Close, []byte{0}); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(endTime + patience); syscall.Kill(pid, 0) == nil; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("process %d is still there", pid)
		}
	}
	p.signals <- syscall.SIGTERM
	p.expectStatus(143, "ending")
}

func TestASignalIsToldToTheClient(t *testing.T) {
	p := startPod(t, "trap '' TERM; exec cat", nil)
	wire := p.open()
	p.signals <- syscall.SIGTERM
	if kind, body, err := wire.Next(); err != nil || kind != carriertest.Close || body[0] != 1 {
		t.Errorf("%d %q %v instead of CLOSE 1", kind, body, err)
	}
	if _, _, err := wire.Next(); err != io.EOF {
		t.Error(err)
	}
	wire.Close()
	p.expectStatus(143, "terminated: ending")
}

func TestItEndsWellWithoutASignOfLife(t *testing.T) {
	p := startPod(t, "", func(c *Config) { c.Limit = 50 * time.Millisecond })
	p.expectStatus(0, "no sign of the client within the limit of 50ms")
}

func TestSignsOfLifeKeepItUp(t *testing.T) {
	const limit = 200 * time.Millisecond
	p := startPod(t, "exec cat", func(c *Config) { c.Limit, c.Grace = limit, time.Hour })
	wire := p.open()
	// The hello alone would keep it up for one limit.
	for began, token := time.Now(), uint64(1); time.Since(began) < 3*limit; token++ {
		if err := wire.Send(carriertest.Ping, carriertest.Numbers(token, 0)); err != nil {
			t.Fatal(err)
		}
		if kind, _, err := wire.Next(); err != nil || kind != carriertest.Pong {
			t.Fatal(kind, err, p.messages())
		}
	}
	p.expectStatus(0, "no sign of the client")
}
