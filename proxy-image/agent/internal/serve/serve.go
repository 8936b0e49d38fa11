// Package serve is the pod's main process (pid 1): it gives the user "ktd" an entry in the user database, runs sshd,
// reaps orphans, listens for heartbeats, and ends when they stop.
//
// Run is one loop over signals and one timer; only the heartbeat server and the copy of sshd's messages have
// goroutines of their own.
package serve

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
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
	// Sshd is the command line of a server that stays in the foreground and logs to stderr.
	Sshd []string
	// Behind is the command line of a server for one connection, on its stdin and stdout.
	Behind []string
	// CarrierAddress is where clients' carriers come in; CarrierSecret the file with the secret they must know.
	CarrierAddress, CarrierSecret string
	// Shell is the login shell of the user ktd.
	Shell string
	// ResolvConf is the resolver configuration told to the client.
	ResolvConf string
	// Limit is how long the client may be silent; Grace the least time it gets for its first heartbeat.
	Limit, Grace time.Duration
}

// stopTime is how long sshd gets to end; a pod gets 2 s in all.
const stopTime = time.Second

// SocketPath is where the main process listens for heartbeats.
func SocketPath(runDir string) string {
	return filepath.Join(runDir, "agent.sock")
}

// Run returns the exit status: 0 when there was no sign of the client for the limit, 1 when sshd ended or could not be
// started, 128 and the signal's number when a signal asked to end. The pod's Job is done by 0 only: an evicted pod is
// made anew. signals must carry SIGCHLD, SIGTERM and SIGINT.
func Run(config Config, signals <-chan os.Signal, log io.Writer) int {
	say := func(format string, values ...any) { fmt.Fprintf(log, "ktd-agent: "+format+"\n", values...) }
	if err := writeUser(config.RunDir, config.UID, config.Shell); err != nil {
		say("%v", err)
		return 1
	}
	listener, err := listen(SocketPath(config.RunDir))
	if err != nil {
		say("cannot listen for heartbeats: %v", err)
		return 1
	}
	defer listener.Close()

	watch := heartbeat.NewWatch(time.Now(), config.Limit, config.Grace)
	server := heartbeat.Server{
		Watch: watch,
		Hello: func() heartbeat.Hello { return readHello(config) },
		Now:   time.Now,
	}
	go server.Serve(listener)

	sshd, err := startSshd(config.Sshd, log)
	if err != nil {
		say("cannot start sshd: %v", err)
		return 1
	}
	carriers, err := startCarriers(config, watch, sshd, say)
	if err != nil {
		say("no carriers but through sshd's port: %v", err)
	} else {
		defer carriers.End(stopTime)
	}
	say("ready: sshd is process %d, the client may be silent for %s", sshd.pid, config.Limit)

	_, askAgain := watch.Gone(time.Now())
	timer := time.NewTimer(askAgain)
	defer timer.Stop()
	for {
		select {
		case received := <-signals:
			if received == syscall.SIGCHLD {
				if status, ended := sshd.reap(); ended {
					say("sshd ended (%s); its last words: %s", status, sshd.lastWords())
					return 1
				}
				continue
			}
			say("%s: ending", received)
			sshd.stop(signals)
			return statusOf(received)
		case <-timer.C:
			gone, askAgain := watch.Gone(time.Now())
			if !gone {
				timer.Reset(askAgain)
				continue
			}
			say("no sign of the client within the limit of %s: ending", config.Limit)
			sshd.stop(signals)
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

// startCarriers lets clients in by docs/carrier-protocol.md.
func startCarriers(config Config, watch *heartbeat.Watch, sshd *sshd, say func(string, ...any)) (*carrier.Server, error) {
	secret, err := carrier.ReadSecret(config.CarrierSecret)
	if err != nil {
		return nil, err
	}
	if err := raiseDescriptors(); err != nil {
		return nil, err
	}
	// Without an address it is all of IPv4 and IPv6.
	listener, err := net.Listen("tcp", config.CarrierAddress)
	if err != nil {
		return nil, err
	}
	server := &carrier.Server{
		Secret: secret,
		Limits: carrier.DefaultLimits(config.Limit),
		Info:   func() []byte { return bytes.TrimSpace(readHello(config).Line()) },
		Sshd:   func() (*net.UnixConn, error) { return startBehind(config.Behind, sshd.stderr) },
		Alive:  func() { watch.Beat(time.Now()) },
		Log:    say,
	}
	go server.Serve(listener)
	return server, nil
}

// listen removes the socket of a container that was restarted in the same pod.
func listen(path string) (net.Listener, error) {
	if err := os.Remove(path); err != nil && !os.IsNotExist(err) {
		return nil, err
	}
	listener, err := net.Listen("unix", path)
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(path, 0o600); err != nil {
		listener.Close()
		return nil, err
	}
	return listener, nil
}

func readHello(config Config) heartbeat.Hello {
	file, err := os.Open(config.ResolvConf)
	if err != nil {
		return heartbeat.NewHello(strings.NewReader(""), config.Limit)
	}
	defer file.Close()
	return heartbeat.NewHello(file, config.Limit)
}
