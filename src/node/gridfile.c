#include <ctype.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <base/err.h>
#include <base/mem.h>
#include <base/ndb.h>
#include <base/str.h>
#include <node/gridfile.h>
#include <os/io.h>

enum { MaxGridFile = 1024 * 1024, MemDefault = 64 << 20, MemLeast = 1 << 20 };

bool grid_goodname(const char *s)
{
	size_t n = strlen(s);

	if (n == 0 || n > GridNameMax || !isalnum((unsigned char)s[0]))
		return false;
	return strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") == n;
}

int grid_segment(const Grid *g, const char *name)
{
	for (int i = 0; i < g->nseg; i++)
		if (strcmp(g->seg[i].name, name) == 0)
			return i;
	return werrstr("no segment '%s' in grid %s", name, g->name ? g->name : "file");
}

Machine *grid_machine(Grid *g, const char *name)
{
	for (int i = 0; i < g->nm; i++)
		if (strcmp(g->m[i].name, name) == 0)
			return &g->m[i];
	werrstr("no node or host '%s' in grid %s", name, g->name ? g->name : "file");
	return NULL;
}

int grid_addr(const char *s, Ip *ip, int *bits)
{
	autofree char *copy = mem_str(s);
	char *slash = strchr(copy, '/');
	u64 n = 128;
	bool v4;

	if (slash != NULL)
		*slash++ = '\0';
	if (ip_parse(copy, ip) < 0)
		return werrstr("'%s' is not an IP address", copy);
	v4 = ip_isv4(ip);
	if (slash != NULL && str_u64(slash, 10, v4 ? 32 : 128, &n) < 0)
		return werrstr("'%s' is not a prefix length", slash);
	*bits = slash != NULL && v4 ? (int)n + 96 : (int)n;
	return 0;
}

/* memsize parses 64M, 1G, 65536K or bytes. */
static int memsize(const char *s, u64 *v)
{
	autofree char *num = mem_str(s);
	size_t n = strlen(num);
	int shift = 0;

	if (n > 0 && strchr("KkMmGg", num[n - 1]) != NULL) {
		shift = strchr("Kk", num[n - 1]) ? 10 : strchr("Mm", num[n - 1]) ? 20 : 30;
		num[n - 1] = '\0';
	}
	if (str_u64(num, 10, (u64)1 << (44 - shift), v) < 0 || (*v <<= shift) < MemLeast)
		return werrstr("mem=%s is not a size of at least 1M", s);
	return 0;
}

void grid_mac(u8 mac[MACLEN], const char *grid, const char *name, int n)
{
	autofree char *s = mem_printf("%s/%s/%d", grid ? grid : "", name, n);
	u64 h = 14695981039346656037ULL;

	for (const char *p = s; *p != '\0'; p++)
		h = (h ^ (u8)*p) * 1099511628211ULL;
	for (int i = 0; i < MACLEN; i++)
		mac[i] = (u8)(h >> 8 * i);
	mac[0] = 0x52;
}

static int segment(Grid *g, const NdbEntry *e)
{
	Segment *s = &g->seg[g->nseg];
	const char *name = ndb_get(e, "segment"), *mtu = ndb_get(e, "mtu");
	u64 v = 0;

	if (!grid_goodname(name) || strlen(name) > SegNameMax)
		return werrstr("'%s' cannot name a segment (letters, digits, - _ . and at most %d)", name, SegNameMax);
	if (grid_segment(g, name) >= 0)
		return werrstr("segment %s is there twice", name);
	if (mtu != NULL && (str_u64(mtu, 10, 65535, &v) < 0 || v < 576))
		return werrstr("mtu=%s is not between 576 and 65535", mtu);
	for (int i = 0; i < e->npair; i++)
		if (strcmp(e->pair[i].attr, "segment") != 0 && strcmp(e->pair[i].attr, "mtu") != 0)
			return werrstr("segment %s: unknown attribute %s", name, e->pair[i].attr);
	if (g->nseg == MaxSegments)
		return werrstr("more than %d segments", MaxSegments);
	s->name = mem_str(name);
	s->mtu = (u32)v;
	g->nseg++;
	return 0;
}

static int addether(Grid *g, Machine *m, int n, const char *segname, const char *mac)
{
	Ether *e = &m->ether[m->nether];

	for (int i = 0; i < m->nether; i++)
		if (m->ether[i].n == n)
			return werrstr("ether%d is there twice", n);
	if (m->nether == MaxEthers)
		return werrstr("more than %d ethers", MaxEthers);
	if ((e->segment = grid_segment(g, segname)) < 0)
		return -1;
	e->n = n;
	grid_mac(e->mac, g->name, m->name, n);
	if (mac != NULL && (mac_parse(mac, e->mac) < 0 || (e->mac[0] & 1)))
		return werrstr("mac=%s is not an Ethernet address", mac);
	m->nether++;
	return 0;
}

/* sameline finds attr between the i'th pair and the next pair that begins with stop, on the same line. */
static const char *sameline(const NdbEntry *e, int i, const char *attr, const char *stop)
{
	for (int j = i + 1; j < e->npair && e->pair[j].line == e->pair[i].line; j++) {
		if (strcmp(e->pair[j].attr, attr) == 0)
			return e->pair[j].val;
		if (str_prefix(e->pair[j].attr, stop))
			return NULL;
	}
	return NULL;
}

static int nodepair(Grid *g, Machine *m, const NdbEntry *e, int i)
{
	const char *a = e->pair[i].attr, *v = e->pair[i].val;
	i64 n;

	if (strcmp(a, "node") == 0 || strcmp(a, "mac") == 0)
		return 0;
	if (str_prefix(a, "ether") && str_int(a + 5, 0, 127, &n) == 0)
		return addether(g, m, (int)n, v, sameline(e, i, "mac", "ether"));
	if (strcmp(a, "mem") == 0)
		return memsize(v, &m->mem);
	if (strcmp(a, "ini") == 0)
		m->inifile = mem_str(v);
	else if (strcmp(a, "script") == 0)
		m->scriptfile = mem_str(v);
	else
		ini_set(&m->ini, a, v);
	return 0;
}

int grid_hostaddr(Machine *m)
{
	int bits;

	if (m->addr != NULL && (grid_addr(m->addr, &m->ip, &m->bits) < 0 || strchr(m->addr, '/') == NULL))
		return werrstr("ip=%s is not ADDRESS/BITS", m->addr);
	if (m->gw != NULL && grid_addr(m->gw, &m->gwip, &bits) < 0)
		return -1;
	return 0;
}

static int hostpair(Grid *g, Machine *m, const NdbEntry *e, int i)
{
	const char *a = e->pair[i].attr, *v = e->pair[i].val;

	if (strcmp(a, "host") == 0 || strcmp(a, "mac") == 0)
		return 0;
	if (strcmp(a, "segment") == 0)
		return addether(g, m, m->nether, v, sameline(e, i, "mac", "segment"));
	if (strcmp(a, "mem") == 0)
		return memsize(v, &m->mem);
	if (strcmp(a, "ip") == 0)
		m->addr = mem_str(v);
	else if (strcmp(a, "gw") == 0 || strcmp(a, "ipgw") == 0)
		m->gw = mem_str(v);
	else if (strcmp(a, "cmd") == 0)
		m->cmd = mem_str(v);
	else if (strcmp(a, "writable") == 0)
		m->writable = true;
	else
		return werrstr("unknown attribute %s", a);
	return 0;
}

static int machine(Grid *g, const NdbEntry *e, const char *name, bool host)
{
	Machine *m = &g->m[g->nm];

	if (!grid_goodname(name))
		return werrstr("'%s' cannot name a %s (letters, digits, - _ . and at most %d)", name,
			       host ? "host" : "node", GridNameMax);
	if (grid_machine(g, name) != NULL)
		return werrstr("%s is there twice", name);
	if (g->nm == MaxMachines)
		return werrstr("more than %d nodes and hosts", MaxMachines);
	g->nm++;
	m->name = mem_str(name);
	m->host = host;
	m->mem = MemDefault;
	for (int i = 0; i < e->npair; i++)
		if ((host ? hostpair : nodepair)(g, m, e, i) < 0)
			return werrstr("%s: %s", name, rerrstr());
	if (host && (m->addr != NULL || m->gw != NULL) && m->nether == 0)
		return werrstr("%s: an address needs a segment=", name);
	return host && grid_hostaddr(m) < 0 ? werrstr("%s: %s", name, rerrstr()) : 0;
}

static int gridname(Grid *g, const char *name)
{
	if (g->name != NULL)
		return werrstr("a second grid=");
	if (!grid_goodname(name))
		return werrstr("'%s' cannot name a grid", name);
	g->name = mem_str(name);
	return 0;
}

/* entry takes one entry; segments come in a first pass, so that the order in the file does not matter. */
static int entry(Grid *g, const NdbEntry *e, int pass)
{
	const char *v;

	if (strcmp(e->pair[0].attr, "segment") == 0)
		return pass == 0 ? segment(g, e) : 0;
	if ((v = ndb_get(e, "node")) != NULL && v == e->pair[0].val)
		return pass == 1 ? machine(g, e, v, false) : 0;
	if ((v = ndb_get(e, "host")) != NULL && v == e->pair[0].val)
		return pass == 1 ? machine(g, e, v, true) : 0;
	if (strcmp(e->pair[0].attr, "grid") == 0)
		return pass == 0 ? gridname(g, e->pair[0].val) : 0;
	return werrstr("an entry begins with grid=, segment=, node= or host=, not %s", e->pair[0].attr);
}

Grid *grid_parse(const char *text, size_t n, const char *file)
{
	Ndb *db = ndb_parse(text, n, file);
	Grid *g;

	if (db == NULL)
		return NULL;
	g = mem_new(sizeof *g);
	g->seg = mem_array(MaxSegments, sizeof *g->seg);
	g->m = mem_array(MaxMachines, sizeof *g->m);
	for (int pass = 0; pass < 2; pass++)
		for (int i = 0; i < ndb_count(db); i++) {
			const NdbEntry *e = ndb_entry(db, i);

			if (e->npair > 0 && entry(g, e, pass) < 0) {
				werrstr("%s:%d: %s", file, e->lineno, rerrstr());
				grid_free(g);
				g = NULL;
				goto out;
			}
		}
out:
	ndb_free(db);
	return g;
}

/* beside returns the text of file name, relative to the grid file. */
static char *beside(const char *gridfile, const char *name, size_t max)
{
	autofree char *dir = mem_strn(gridfile, (size_t)(path_base(gridfile) - gridfile));
	autofree char *path = path_join(*dir ? dir : ".", name);

	return io_slurp(AT_FDCWD, path, max, NULL);
}

/* loadfiles reads a node's ini (what the grid file says wins) and script. */
static int loadfiles(Machine *m, const char *file)
{
	if (m->inifile != NULL) {
		autofree char *text = beside(file, m->inifile, MaxIniText);
		Ini own = m->ini;
		int r;

		m->ini = (Ini){ 0 };
		r = text ? ini_parse(&m->ini, text, m->inifile) : -1;
		for (int i = 0; i < own.n; i++)
			ini_set(&m->ini, own.v[i].name, own.v[i].val);
		ini_free(&own);
		if (r < 0)
			return -1;
	}
	if (m->scriptfile != NULL && (m->script = beside(file, m->scriptfile, MaxScript)) == NULL)
		return -1;
	return 0;
}

Grid *grid_load(const char *file, const char *name)
{
	size_t n;
	autofree char *text = io_slurp(AT_FDCWD, file, MaxGridFile, &n);
	Grid *g = text ? grid_parse(text, n, file) : NULL;

	if (text == NULL && strncmp(rerrstr(), file, strlen(file)) != 0)
		werrstr("%s: %s", file, rerrstr());
	if (g == NULL)
		return NULL;
	if (g->nm == 0 && g->nseg == 0) {
		werrstr("%s: it has no segment, node or host; see grid(5)", file);
		grid_free(g);
		return NULL;
	}
	if (g->name == NULL)
		g->name = mem_str(name);
	for (int i = 0; i < g->nm; i++)
		if (loadfiles(&g->m[i], file) < 0) {
			werrstr("%s: %s: %s", file, g->m[i].name, rerrstr());
			grid_free(g);
			return NULL;
		}
	return g;
}

static void machine_free(Machine *m)
{
	free(m->name);
	free(m->inifile);
	free(m->scriptfile);
	free(m->script);
	free(m->addr);
	free(m->gw);
	free(m->cmd);
	ini_free(&m->ini);
}

void grid_free(Grid *g)
{
	if (g == NULL)
		return;
	for (int i = 0; i < g->nseg; i++)
		free(g->seg[i].name);
	for (int i = 0; i < g->nm; i++)
		machine_free(&g->m[i]);
	free(g->seg);
	free(g->m);
	free(g->name);
	free(g);
}
