// Package serve is the pod's main process (pid 1): it gives the user "ktd" an entry in the user database, takes the
// client's carriers, starts an sshd behind each stream, reaps all children, and ends when the client is gone.
//
// Run is one loop over signals and one timer; the carriers have goroutines of their own.
package serve

import (
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"
	"time"

	"ktd.dev/agent/internal/carrier"
	"ktd.dev/agent/internal/heartbeat"
)

// Config is what Run needs to know.
type Config struct {
	// UID is the process's own.
	UID int
	// RunDir is a writable folder; everything Run writes is there.
	RunDir string
	// Check is a command that fails if Sshd could not work; Sshd serves one connection on its stdin and stdout. Both
	// have their messages on stderr.
	Check, Sshd []string
	// Address is where carriers come in; Secret the file with the secret that the client knows.
	Address, Secret string
	// Shell is the login shell of the user ktd.
	Shell string
	// ResolvConf is the resolver configuration told to the client.
	ResolvConf string
	// Limit is how long the client may be silent; Grace the least time it gets for its first sign of life.
	Limit, Grace time.Duration
}

// stopTime is what clients get to hear of the end; a pod gets 2 s in all.
const stopTime = time.Second

// Run returns the exit status: 0 when there was no sign of the client for the limit, 1 when it could not start, 128 and
// the signal's number when a signal asked to end. The pod's Job is done by 0 only: an evicted pod is made anew. signals
// must carry SIGCHLD, SIGTERM and SIGINT. All children write their messages to log as well.
func Run(config Config, signals <-chan os.Signal, log *os.File) int {
	say := func(format string, values ...any) { fmt.Fprintf(log, "ktd-agent: "+format+"\n", values...) }
	watch := heartbeat.NewWatch(time.Now(), config.Limit, config.Grace)
	carriers, listener, err := start(config, watch, log, say)
	if err != nil {
		say("%v", err)
		return 1
	}
	defer carriers.End(stopTime)
	defer listener.Close()
	say("ready: carriers come in at %s, the client may be silent for %s", listener.Addr(), config.Limit)

	_, askAgain := watch.Gone(time.Now())
	timer := time.NewTimer(askAgain)
	defer timer.Stop()
	for {
		select {
		case received := <-signals:
			if received == syscall.SIGCHLD {
				reap()
				continue
			}
			say("%s: ending", received)
			return statusOf(received)
		case <-timer.C:
			gone, askAgain := watch.Gone(time.Now())
			if !gone {
				timer.Reset(askAgain)
				continue
			}
			say("no sign of the client within the limit of %s: ending", config.Limit)
			return 0
		}
	}
}

// statusOf is what a shell gives for a program that a signal ended.
func statusOf(received os.Signal) int {
	if number, ok := received.(syscall.Signal); ok {
		return 128 + int(number)
	}
	return 1
}

// start does all that may fail.
func start(config Config, watch *heartbeat.Watch, log *os.File, say func(string, ...any)) (*carrier.Server, net.Listener, error) {
	if err := writeUser(config.RunDir, config.UID, config.Shell); err != nil {
		return nil, nil, err
	}
	secret, err := carrier.ReadSecret(config.Secret)
	if err != nil {
		return nil, nil, fmt.Errorf("no secret to know the client by: %w", err)
	}
	if err := raiseDescriptors(); err != nil {
		return nil, nil, fmt.Errorf("cannot raise the limit of descriptors: %w", err)
	}
	if err := tryOut(config.Check); err != nil {
		return nil, nil, fmt.Errorf("sshd would not work: %w", err)
	}
	listener, err := net.Listen("tcp", config.Address)
	if err != nil {
		return nil, nil, fmt.Errorf("cannot take carriers: %w", err)
	}
	server := &carrier.Server{
		Secret: secret,
		Limits: carrier.DefaultLimits(config.Limit),
		Info:   func() []byte { return readInfo(config) },
		Sshd:   func() (net.Conn, error) { return startBehind(config.Sshd, log) },
		Alive:  func() { watch.Beat(time.Now()) },
		Log:    say,
	}
	go server.Serve(listener)
	return server, listener, nil
}

func readInfo(config Config) []byte {
	file, err := os.Open(config.ResolvConf)
	if err != nil {
		return carrier.NewInfo(strings.NewReader(""), config.Limit)
	}
	defer file.Close()
	return carrier.NewInfo(file, config.Limit)
}
