// Command ktd-agent is ktd's one program of its own inside the proxy pod.
//
//	ktd-agent serve       the pod's main process: sshd, heartbeats, a clean end
//	ktd-agent datagram    SSH subsystem: UDP and ICMP echo as frames on stdin and stdout
//	ktd-agent heartbeat   SSH subsystem: the sign of life of the client
//
// It is also the login shell of the user "ktd": sshd starts a subsystem as `ktd-agent -c COMMAND`, and nothing
// but the two subsystems is a command here, so the pod offers no way to run anything else.
//
// docs/agent-protocol.md specifies both subsystems.
package main

import (
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"ktd.dev/agent/internal/datagram"
	"ktd.dev/agent/internal/heartbeat"
	"ktd.dev/agent/internal/serve"
)

// version is set by the image's build.
var version = "dev"

// runDir is the one writable folder of the pod (an emptyDir).
const runDir = "/run/ktd"

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
	case "datagram", "heartbeat":
		return runSubsystem(args[0])
	case "version", "--version":
		fmt.Println("ktd-agent " + version)
		return 0
	default:
		return usage()
	}
}

// runAsShell runs what sshd asks the login shell for. The command is compared, never parsed: there is no shell here.
func runAsShell(command string) int {
	name := strings.TrimPrefix(command, "/usr/local/bin/ktd-agent ")
	if name == command || (name != "datagram" && name != "heartbeat") {
		return fail(fmt.Errorf("no commands run here; the subsystems are datagram and heartbeat"))
	}
	return runSubsystem(name)
}

func runSubsystem(name string) int {
	if name == "heartbeat" {
		if err := heartbeat.Pump(serve.SocketPath(runDir), os.Stdin, os.Stdout); err != nil {
			return fail(err)
		}
		return 0
	}
	if err := datagram.Serve(os.Stdin, os.Stdout, datagram.DefaultLimits(), time.Now); err != nil {
		return fail(err)
	}
	return 0
}

func runServe() int {
	seconds := os.Getenv("KTD_RESUME_SECONDS")
	if seconds == "" {
		seconds = os.Getenv("KTD_HEARTBEAT_SECONDS") // of a daemon that does not know carriers
	}
	limit, err := heartbeat.LimitFromEnvironment(seconds)
	if err != nil {
		fail(err)
		return 2
	}
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGCHLD)
	return serve.Run(serve.Config{
		UID:    os.Getuid(),
		RunDir: runDir,
		Sshd:   []string{"/usr/sbin/sshd", "-D", "-e", "-f", "/etc/ktd/sshd_config"},
		// A stream that waits for a carrier must not be given up by sshd's own keep-alive.
		Behind:         []string{"/usr/sbin/sshd", "-i", "-e", "-f", "/etc/ktd/sshd_config", "-o", "ClientAliveInterval=0"},
		CarrierAddress: ":2223",
		CarrierSecret:  "/etc/ktd/ssh/carrier_secret",
		Shell:          "/usr/local/bin/ktd-agent",
		ResolvConf:     "/etc/resolv.conf",
		Limit:          limit,
		Grace:          time.Minute,
	}, signals, os.Stderr)
}

func usage() int {
	fmt.Fprintln(os.Stderr, "usage: ktd-agent serve|datagram|heartbeat|version")
	return 2
}

func fail(err error) int {
	fmt.Fprintln(os.Stderr, "ktd-agent: "+err.Error())
	return 1
}
