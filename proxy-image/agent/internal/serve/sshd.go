package serve

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

// tailBytes is how much of sshd's messages is kept for its last words.
const tailBytes = 2048

// sshd is the running server. Its methods belong to the goroutine of Run.
type sshd struct {
	pid    int
	tail   *tail
	copied chan struct{}
	// stderr is where all sshds of the pod write their messages.
	stderr *os.File
}

func startSshd(command []string, log io.Writer) (*sshd, error) {
	read, write, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	process := exec.Command(command[0], command[1:]...)
	process.Stderr = write
	if err := process.Start(); err != nil {
		read.Close()
		write.Close()
		return nil, err
	}
	server := &sshd{pid: process.Process.Pid, tail: &tail{}, copied: make(chan struct{}), stderr: write}
	go func() {
		defer close(server.copied)
		defer read.Close()
		io.Copy(io.MultiWriter(server.tail, log), read)
	}()
	return server, nil
}

// reap collects every child that ended, orphans included (this is pid 1), and tells whether sshd was among them.
// process.Wait is never used: it would race for the same status.
func (s *sshd) reap() (status string, ended bool) {
	for {
		var wait syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &wait, syscall.WNOHANG, nil)
		if err == syscall.EINTR {
			continue
		}
		if err != nil || pid <= 0 {
			return status, ended
		}
		if pid != s.pid {
			continue
		}
		ended = true
		if wait.Signaled() {
			status = fmt.Sprintf("signal %s", wait.Signal())
		} else {
			status = fmt.Sprintf("status %d", wait.ExitStatus())
		}
	}
}

// stop asks sshd to end and waits for it, but not for long: the end of pid 1 ends the rest.
func (s *sshd) stop(signals <-chan os.Signal) {
	if err := syscall.Kill(s.pid, syscall.SIGTERM); err != nil {
		return
	}
	late := time.After(stopTime)
	for {
		select {
		case <-signals:
			if _, ended := s.reap(); ended {
				return
			}
		case <-late:
			syscall.Kill(s.pid, syscall.SIGKILL)
			return
		}
	}
}

// lastWords waits a moment for messages still in the pipe, which a surviving child may hold open.
func (s *sshd) lastWords() string {
	s.stderr.Close()
	select {
	case <-s.copied:
	case <-time.After(200 * time.Millisecond):
	}
	return s.tail.String()
}

// tail keeps the end of what is written to it. Safe for several goroutines.
type tail struct {
	mu    sync.Mutex
	bytes []byte
}

func (t *tail) Write(bytes []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.bytes = append(t.bytes, bytes...)
	if excess := len(t.bytes) - tailBytes; excess > 0 {
		t.bytes = append(t.bytes[:0], t.bytes[excess:]...)
	}
	return len(bytes), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.TrimSpace(strings.ReplaceAll(string(t.bytes), "\r\n", "\n"))
}
