package serve

import (
	"fmt"
	"os"
	"path/filepath"
)

// minUID is the lowest user id that libnss-extrausers believes.
const minUID = 500

// writeUser gives the user "ktd" the uid this process runs with. Kubernetes may choose any (OpenShift does), and sshd
// without root's rights lets in nobody but its own uid. libnss-extrausers reads the file through the symbolic link
// /var/lib/extrausers, because the root file system is read-only.
//
// "*" is no password: it never matches, and the account does not count as locked, as "!" would.
func writeUser(runDir string, uid int, shell string) error {
	if uid < minUID {
		return fmt.Errorf("runs as uid %d; give the container a runAsUser of %d or more, such as 65532", uid, minUID)
	}
	entry := fmt.Sprintf("ktd:*:%d:65532:ktd:/:%s\n", uid, shell)
	path := filepath.Join(runDir, "passwd")
	fresh := path + ".new"
	if err := os.WriteFile(fresh, []byte(entry), 0o644); err != nil {
		return fmt.Errorf("%s must be writable (an emptyDir): %w", runDir, err)
	}
	return os.Rename(fresh, path)
}
