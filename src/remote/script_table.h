/* The scripts of share/remote/ and the host systems of api/hostos.toml, made by
 * tools/gen_remote.py at build time. */
#pragma once

#include <stddef.h>

struct script_row {
	const char *name;
	const char *text;
};

struct hostos_row {
	const char *family; /* what facts.sh says */
	const char *script; /* its part of the scripts */
	const char *tested; /* "debian 11 12 13;...": releases that the tests cover */
};

extern const struct script_row script_table[];
extern const size_t script_table_len;
extern const struct hostos_row hostos_table[];
extern const size_t hostos_table_len;
