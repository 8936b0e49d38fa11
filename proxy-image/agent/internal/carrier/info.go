package carrier

import (
	"bufio"
	"encoding/json"
	"io"
	"strings"
	"time"
)

// maxResolvConf bounds what is read of resolv.conf, in bytes: its JSON has to fit into an answer.
const maxResolvConf = 8 << 10

// NewInfo is the JSON of an answer from the pod's resolv.conf, see resolv.conf(5): the last search (or domain) line
// counts, and lists are empty, never absent.
func NewInfo(resolvConf io.Reader, limit time.Duration) []byte {
	info := struct {
		Version      int      `json:"version"`
		Nameservers  []string `json:"nameservers"`
		Search       []string `json:"search"`
		LimitSeconds int      `json:"limitSeconds"`
	}{protocolVersion, []string{}, []string{}, int(limit.Seconds())}
	lines := bufio.NewScanner(io.LimitReader(resolvConf, maxResolvConf))
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) < 2 {
			continue
		}
		switch fields[0] {
		case "nameserver":
			info.Nameservers = append(info.Nameservers, fields[1])
		case "search":
			info.Search = fields[1:]
		case "domain":
			info.Search = fields[1:2]
		}
	}
	text, err := json.Marshal(info)
	if err != nil {
		panic("a struct of strings and integers always has a JSON form: " + err.Error())
	}
	return text
}
