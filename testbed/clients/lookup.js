// Prints the IPv4 addresses of each name as Node finds them; srv:NAME asks for SRV records by c-ares.
const dns = require('dns').promises;

async function find(name) {
  try {
    if (name.startsWith('srv:')) {
      return (await dns.resolveSrv(name.slice(4))).map(record => `${record.name}:${record.port}`);
    }
    return (await dns.lookup(name, { all: true, family: 4 })).map(entry => entry.address);
  } catch {
    return [];
  }
}

(async () => {
  for (const name of process.argv.slice(2)) {
    console.log(name, [...new Set(await find(name))].sort().join(','));
  }
})();
