// Command carry is for `ssh -o ProxyCommand`: stdin and stdout over a stream of the carrier protocol. The smoke test of
// the proxy image builds it; it is in no image.
//
//	carry SECRET-FILE ADDRESS [BYTES]      cuts its carrier after each so many bytes that came
package main

import (
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"

	"ktd.dev/agent/internal/carriertest"
)

func main() {
	signal.Ignore(syscall.SIGHUP, syscall.SIGPIPE) // ssh's end brings both; the stream is left in order first
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "carry: "+err.Error())
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) < 2 || len(args) > 3 {
		return fmt.Errorf("usage: carry SECRET-FILE ADDRESS [BYTES]")
	}
	text, err := os.ReadFile(args[0])
	if err != nil {
		return err
	}
	secret, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(text)))
	if err != nil {
		return err
	}
	stream, err := carriertest.Open(func() (net.Conn, error) { return net.Dial("tcp", args[1]) }, secret)
	if err != nil {
		return err
	}
	out := io.Writer(os.Stdout)
	if len(args) == 3 {
		every, err := strconv.Atoi(args[2])
		if err != nil {
			return err
		}
		out = &cutter{out, stream, every, every}
	}
	go func() {
		io.Copy(stream, os.Stdin)
		stream.Leave()
	}()
	err = stream.Run(out)
	stream.Leave()
	if len(args) == 3 {
		fmt.Fprintf(os.Stderr, "carry: resumed %d times\n", stream.Resumes())
	}
	return err
}

type cutter struct {
	io.Writer
	stream      *carriertest.Stream
	every, left int
}

func (c *cutter) Write(bytes []byte) (int, error) {
	if c.left -= len(bytes); c.left <= 0 {
		c.left = c.every
		c.stream.Cut()
	}
	return c.Writer.Write(bytes)
}
