// Command ktd-agent is ktd's one program of its own inside the proxy pod.
//
//	ktd-agent serve       the pod's main process: carriers, an sshd behind each stream, a clean end
//	ktd-agent datagram    SSH subsystem: UDP and ICMP echo as frames on stdin and stdout
//
// It is also the login shell of the user "ktd": sshd starts a subsystem as `ktd-agent -c COMMAND`, and nothing
// but the subsystem is a command here, so the pod offers no way to run anything else.
//
// docs/agent-protocol.md specifies both, docs/carrier-protocol.md what carries them.
package main

import (
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"

	"ktd.dev/agent/internal/datagram"
	"ktd.dev/agent/internal/heartbeat"
	"ktd.dev/agent/internal/serve"
)

// version is set by the image's build.
var version = "dev"

const (
	agent      = "/usr/local/bin/ktd-agent"
	sshd       = "/usr/sbin/sshd"
	sshdConfig = "/etc/ktd/sshd_config"
	// runDir is the one writable folder of the pod (an emptyDir).
	runDir = "/run/ktd"
	// port is where carriers come in, by IPv4 and IPv6.
	port = ":2222"
)

func main() {
	os.Exit(run(os.Args[1:]))
}

func run(args []string) int {
	if len(args) == 2 && args[0] == "-c" {
		return runAsShell(args[1])
	}
	if len(args) != 1 {
		return usage()
	}
	switch args[0] {
	case "serve":
		return runServe()
	case "datagram":
		return runDatagram()
	case "version", "--version":
		fmt.Println("ktd-agent " + version)
		return 0
	default:
		return usage()
	}
}

// runAsShell runs what sshd asks the login shell for. The command is compared, never parsed: there is no shell here.
func runAsShell(command string) int {
	if command != agent+" datagram" {
		return fail(fmt.Errorf("no commands run here; the subsystem is datagram"))
	}
	return runDatagram()
}

func runDatagram() int {
	if err := datagram.Serve(os.Stdin, os.Stdout, datagram.DefaultLimits(), time.Now); err != nil {
		return fail(err)
	}
	return 0
}

func runServe() int {
	// It only copies between sockets, and one processor copies faster than the way here carries. On several threads, goroutines
	// wake each other's for every piece: a sixth of the samples of a busy agent were in futex(2).
	runtime.GOMAXPROCS(1)
	limit, err := heartbeat.LimitFromEnvironment(os.Getenv("KTD_RESUME_SECONDS"))
	if err != nil {
		fail(err)
		return 2
	}
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGCHLD)
	return serve.Run(serve.Config{
		UID:        os.Getuid(),
		RunDir:     runDir,
		Check:      []string{sshd, "-t", "-f", sshdConfig},
		Sshd:       []string{sshd, "-i", "-e", "-f", sshdConfig},
		Address:    port,
		Secret:     "/etc/ktd/ssh/carrier_secret",
		Shell:      agent,
		ResolvConf: "/etc/resolv.conf",
		Limit:      limit,
		Grace:      time.Minute,
	}, signals, os.Stderr)
}

func usage() int {
	fmt.Fprintln(os.Stderr, "usage: ktd-agent serve|datagram|version")
	return 2
}

func fail(err error) int {
	fmt.Fprintln(os.Stderr, "ktd-agent: "+err.Error())
	return 1
}
