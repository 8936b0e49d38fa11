package serve

import "syscall"

// mostDescriptors is what sshd may need for its flows, and far from what makes programs slow that close all of them.
const mostDescriptors = 1 << 20

// raiseDescriptors gives this process and its children as many descriptors as they may have. Go raises its own limit
// at its start and puts the old one back for children, but not once the program has set it itself.
func raiseDescriptors() error {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return err
	}
	limit.Cur = limit.Max
	if limit.Cur > mostDescriptors {
		limit.Cur = mostDescriptors
	}
	return syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit)
}
