# The names of the place where the laptop is, which ktd must leave alone. Sourced after common.sh.
# shellcheck shell=bash

# start_lan_dns KUBE NAMESPACE ADDRESS FOLDER: a server on ADDRESS in the network NAMESPACE: the zones lan.test and
# example.test, and no other name exists. FOLDER/dns.log has a line for each question, FOLDER/dns.pid the process.
start_lan_dns() {
  local kube=$1 namespace=$2 address=$3 folder=$4 zone
  : > "$folder/Corefile"
  for zone in lan.test example.test; do
    cat > "$folder/zone.$zone" << Z
\$ORIGIN $zone.
@ 60 IN SOA ns.$zone. root.$zone. 1 3600 600 86400 60
@ 60 IN NS ns.$zone.
ns 60 IN A 10.99.0.1
printer 60 IN A 10.99.0.1
www 60 IN A 10.99.0.1
public 60 IN A 10.99.0.1
www 60 IN AAAA fd99::1
Z
    cat >> "$folder/Corefile" << Z
$zone:53 {
    bind $address
    file $folder/zone.$zone
    log
    errors
}
Z
  done
  # All other names do not exist, as an ordinary resolver would say (no REFUSED, which makes libc ask again).
  cat >> "$folder/Corefile" << Z
.:53 {
    bind $address
    template ANY ANY {
        rcode NXDOMAIN
        authority ". 60 IN SOA ns.lan.test. root.lan.test. 1 3600 600 86400 60"
    }
    log
    errors
}
Z
  setsid nsenter --net="/run/netns/$namespace" "$kube" coredns -conf "$folder/Corefile" > "$folder/dns.log" 2>&1 < /dev/null 9>&- &
  remember "$folder/dns.pid" $!
}
