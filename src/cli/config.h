/* The configuration of the client: ini files with one section [global].  Ours is
 * ~/.pgtandem/pgtandem.conf; when it does not exist, the file of the public client is read. */
#pragma once

#include "base/err.h"
#include "base/json.h"

#define CONFIG_FILE_MAX 65536

/* Read TEXT into the object INTO, keys of [global] or before any section; later keys win.
 * ERR_PARSE names the line. */
enum err_code config_parse(const char *text, struct json *into, struct err *e);
/* Read the system's and the user's files.  FILE: use this one as the user's; NULL: look.  HOME
 * may be NULL.  Caller owns *OUT. */
enum err_code config_load(const char *file, const char *home, struct json **out, struct err *e);
/* "HOME/.pgtandem/NAME"; caller frees. */
char *config_path(const char *home, const char *name);
/* Put user and controller into ~/.pgtandem/pgtandem.conf unless it names a user already. */
enum err_code config_save_login(const char *home, const char *user, const char *controller,
                                struct err *e);
