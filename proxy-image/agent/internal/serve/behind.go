package serve

import (
	"net"
	"os"
	"os/exec"
	"syscall"
)

// startBehind starts a program that serves one connection on its stdin and stdout, and gives the other end of it. Who
// calls this reaps all children, so the program is not waited for here; it ends when the connection is closed.
func startBehind(command []string, stderr *os.File) (*net.UnixConn, error) {
	ends, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("socketpair", err)
	}
	ours, theirs := os.NewFile(uintptr(ends[0]), "sshd"), os.NewFile(uintptr(ends[1]), "sshd's end")
	defer ours.Close() // net has its own descriptor
	defer theirs.Close()
	connection, err := net.FileConn(ours)
	if err != nil {
		return nil, err
	}
	program := exec.Command(command[0], command[1:]...)
	program.Stdin, program.Stdout, program.Stderr = theirs, theirs, stderr
	if err := program.Start(); err != nil {
		connection.Close()
		return nil, err
	}
	_ = program.Process.Release() // never fails on Linux
	return connection.(*net.UnixConn), nil
}
