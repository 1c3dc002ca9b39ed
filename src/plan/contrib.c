#include "plan/contrib.h"

#include <stddef.h>
#include <string.h>

#include "base/macros.h"

/* PostgreSQL manual, appendix "Additional Supplied Modules and Extensions", versions 11 to 18, and
 * the server's own libraries; without those that live in packages of their own (plperl, plpython).
 */
static const char *const names[] = {
	"adminpack",
	"amcheck",
	"auth_delay",
	"auto_explain",
	"autoinc",
	"basebackup_to_shell",
	"basic_archive",
	"bloom",
	"btree_gin",
	"btree_gist",
	"citext",
	"cube",
	"dblink",
	"dict_int",
	"dict_xsyn",
	"earthdistance",
	"file_fdw",
	"fuzzystrmatch",
	"hstore",
	"insert_username",
	"intagg",
	"intarray",
	"isn",
	"lo",
	"ltree",
	"moddatetime",
	"old_snapshot",
	"pageinspect",
	"passwordcheck",
	"pg_buffercache",
	"pg_freespacemap",
	"pg_logicalinspect",
	"pg_overexplain",
	"pg_prewarm",
	"pg_stat_statements",
	"pg_surgery",
	"pg_trgm",
	"pg_visibility",
	"pg_walinspect",
	"pgcrypto",
	"pgoutput",
	"pgrowlocks",
	"pgstattuple",
	"plpgsql",
	"postgres_fdw",
	"refint",
	"seg",
	"sslinfo",
	"tablefunc",
	"tcn",
	"test_decoding",
	"tsm_system_rows",
	"tsm_system_time",
	"unaccent",
	"uuid-ossp",
	"xml2",
};

bool contrib_has(const char *name)
{
	size_t i, len = strlen(name);

	if (len > 3 && memcmp(name + len - 3, ".so", 3) == 0)
		len -= 3;
	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (strlen(names[i]) == len && memcmp(names[i], name, len) == 0)
			return true;
	return false;
}
