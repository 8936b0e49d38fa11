// lookup prints the addresses of each name as Go's own resolver finds them, without the C library.
package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"sort"
	"strings"
)

func main() {
	for _, name := range os.Args[1:] {
		service, isService := strings.CutPrefix(name, "srv:")
		var found []string
		if isService {
			_, records, _ := net.LookupSRV("", "", service)
			for _, record := range records {
				found = append(found, fmt.Sprintf("%s:%d", strings.TrimSuffix(record.Target, "."), record.Port))
			}
		} else {
			addresses, _ := net.DefaultResolver.LookupIP(context.Background(), "ip4", name)
			for _, address := range addresses {
				found = append(found, address.String())
			}
		}
		sort.Strings(found)
		fmt.Println(name, strings.Join(found, ","))
	}
}
