#include "cli/config.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/macros.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/strbuf.h"

#define LINE_LEN 4096

static const char *const system_files[] = { "/etc/s9s.conf", "/etc/pgtandem/pgtandem.conf" };

static char *trimmed(char *s)
{
	size_t len;

	s += strspn(s, " \t\r");
	for (len = strlen(s); len && strchr(" \t\r", s[len - 1]);)
		s[--len] = '\0';
	if (len > 1 && (s[0] == '"' || s[0] == '\'') && s[len - 1] == s[0]) {
		s[len - 1] = '\0';
		s++;
	}
	return s;
}

/* One line; *SKIP: we are in a section that is not ours. */
static enum err_code parse_line(char *line, bool *skip, struct json *into, struct err *e)
{
	char *text = trimmed(line), *equals = strchr(text, '=');

	if (!*text || *text == '#' || *text == ';')
		return ERR_OK;
	if (*text == '[') {
		*skip = !str_starts(text, "[global]");
		return ERR_OK;
	}
	if (*skip)
		return ERR_OK;
	if (!equals)
		return err_set(e, ERR_PARSE, "there is no \"=\"");
	*equals = '\0';
	json_set_str(into, trimmed(text), trimmed(equals + 1));
	return ERR_OK;
}

enum err_code config_parse(const char *text, struct json *into, struct err *e)
{
	const char *cursor = text;
	char line[LINE_LEN];
	bool skip = false;

	for (int number = 1; str_field(&cursor, "\n", line, sizeof(line)); number++)
		if (parse_line(line, &skip, into, e) != ERR_OK)
			return err_wrap(e, "line %d", number);
	return ERR_OK;
}

static enum err_code read_file(const char *path, struct json *into, struct err *e)
{
	CLEANUP(strbuf_release_secret) struct strbuf text = STRBUF_INIT;

	TRY(fs_read(path, CONFIG_FILE_MAX, &text, e));
	if (config_parse(strbuf_cstr(&text), into, e) != ERR_OK)
		return err_wrap(e, "%s", path);
	return ERR_OK;
}

char *config_path(const char *home, const char *name)
{
	return xasprintf("%s/.pgtandem/%s", str_or(home, ""), name);
}

static bool ignore_files(void)
{
	bool ignore = false;

	return str_to_bool(str_or(getenv("S9S_IGNORE_CONFIG"), ""), &ignore) && ignore;
}

static enum err_code read_user_file(const char *home, struct json *into, struct err *e)
{
	CLEANUP(free_str) char *ours = config_path(home, "pgtandem.conf");
	CLEANUP(free_str) char *theirs = xasprintf("%s/.s9s/s9s.conf", str_or(home, ""));

	if (fs_exists(ours))
		return read_file(ours, into, e);
	return fs_exists(theirs) ? read_file(theirs, into, e) : ERR_OK;
}

enum err_code config_load(const char *file, const char *home, struct json **out, struct err *e)
{
	CLEANUP(json_free) struct json *config = json_object_new();
	const char *system_file = getenv("S9S_SYSTEM_CONFIG");

	if (!ignore_files()) {
		if (!str_empty(system_file))
			TRY(read_file(system_file, config, e));
		for (size_t i = 0; str_empty(system_file) && i < ARRAY_SIZE(system_files); i++)
			if (fs_exists(system_files[i]))
				TRY(read_file(system_files[i], config, e));
		TRY(file ? read_file(file, config, e) : read_user_file(home, config, e));
	}
	*out = json_ref(config);
	return ERR_OK;
}

enum err_code config_save_login(const char *home, const char *user, const char *controller,
                                struct err *e)
{
	CLEANUP(free_str) char *dir = config_path(home, "");
	CLEANUP(free_str) char *path = config_path(home, "pgtandem.conf");
	CLEANUP(strbuf_release_secret) struct strbuf text = STRBUF_INIT;
	CLEANUP(json_free) struct json *config = json_object_new();

	TRY(fs_mkdirs(dir, 0700, e));
	if (fs_exists(path)) {
		TRY(fs_read(path, CONFIG_FILE_MAX, &text, e));
		TRY(config_parse(strbuf_cstr(&text), config, e));
	}
	if (json_get_str(config, "cmon_user"))
		return ERR_OK;
	if (text.len && text.data[text.len - 1] != '\n')
		strbuf_addc(&text, '\n');
	strbuf_addf(&text, "[global]\ncmon_user = %s\n", user);
	if (!json_get_str(config, "controller"))
		strbuf_addf(&text, "controller = %s\n", controller);
	return fs_write_atomic(path, text.data, text.len, 0600, e);
}
