package dev.ktd.testbed;

/**
 * All that ktd may change of a desk's names, as text, to be compared before and after.
 *
 * @param files /etc/resolv.conf as a file or link, the files it may come from, and ktd's own
 * @param links what systemd-resolved knows of links
 */
record NamesState(String files, String links) {
  static NamesState of(Laptop desk) {
    return new NamesState(
        desk.shell(
                """
                ls -l --time-style=+ /etc/resolv.conf
                for file in /etc/resolv.conf /run/resolvconf/resolv.conf; do
                  ! [ -e $file ] || { echo "== $file"; cat $file; }
                done
                ls /run/resolvconf/interface /run/resolvconf/interfaces 2> /dev/null
                ls /var/lib/ktd 2> /dev/null | grep -vx lock
                true
                """)
            .expectSuccess()
            .output(),
        desk.shell(
                """
                # Scopes come and go with link-local addresses.
                ! systemctl -q is-active systemd-resolved || resolvectl status --no-pager | grep -v 'Current Scopes'
                ip -brief link | cut -d' ' -f1
                """)
            .expectSuccess()
            .output());
  }
}
