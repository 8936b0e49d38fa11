package main

import "testing"

func TestNoCommandRunsThroughTheLoginShell(t *testing.T) {
	for _, command := range []string{
		"", "id", "datagram", "/bin/sh", "/usr/local/bin/ktd-agent", "/usr/local/bin/ktd-agent ",
		"/usr/local/bin/ktd-agent serve", "/usr/local/bin/ktd-agent datagram;id", "/usr/local/bin/ktd-agent datagram ",
	} {
		if status := run([]string{"-c", command}); status != 1 {
			t.Errorf("%q ended with %d", command, status)
		}
	}
}

func TestWrongArgumentsShowTheUsage(t *testing.T) {
	for _, arguments := range [][]string{{}, {"shell"}, {"serve", "now"}, {"-c"}} {
		if status := run(arguments); status != 2 {
			t.Errorf("%q ended with %d", arguments, status)
		}
	}
}
