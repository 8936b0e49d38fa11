package heartbeat

import (
	"bufio"
	"encoding/json"
	"io"
	"strings"
	"time"
)

// Hello is the first line of the subsystem, as JSON.
type Hello struct {
	Version      int      `json:"version"`
	Nameservers  []string `json:"nameservers"`
	Search       []string `json:"search"`
	LimitSeconds int      `json:"limitSeconds"`
}

const protocolVersion = 1

// maxResolvConf bounds what is read of resolv.conf, in bytes.
const maxResolvConf = 64 << 10

// NewHello makes the first line from the pod's resolv.conf, see resolv.conf(5): the last search (or domain) line
// counts, and lists are empty, never absent.
func NewHello(resolvConf io.Reader, limit time.Duration) Hello {
	hello := Hello{
		Version: protocolVersion, Nameservers: []string{}, Search: []string{}, LimitSeconds: int(limit.Seconds()),
	}
	lines := bufio.NewScanner(io.LimitReader(resolvConf, maxResolvConf))
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) < 2 {
			continue
		}
		switch fields[0] {
		case "nameserver":
			hello.Nameservers = append(hello.Nameservers, fields[1])
		case "search":
			hello.Search = fields[1:]
		case "domain":
			hello.Search = fields[1:2]
		}
	}
	return hello
}

// Line is the JSON of the hello with its line feed.
func (h Hello) Line() []byte {
	line, err := json.Marshal(h)
	if err != nil {
		panic("a struct of strings and integers always has a JSON form: " + err.Error())
	}
	return append(line, '\n')
}
