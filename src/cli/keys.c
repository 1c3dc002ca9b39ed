#include "cli/keys.h"

#include <ctype.h>
#include <string.h>

#include "base/fs.h"
#include "base/macros.h"
#include "base/mem.h"
#include "base/str.h"
#include "cli/config.h"
#include "crypt/rsa.h"

#define KEY_FILE_MAX  65536
#define USER_NAME_MAX 64

bool key_name_is_safe(const char *user)
{
	if (str_empty(user) || strlen(user) > USER_NAME_MAX || strchr(".-", user[0]))
		return false;
	for (; *user; user++)
		if (!isalnum((unsigned char)*user) && !strchr("._-@", *user))
			return false;
	return true;
}

static enum err_code generate_pair(const char *key_path, const char *pub_path, struct strbuf *pem,
                                   struct err *e)
{
	CLEANUP(strbuf_release_secret) struct strbuf key = STRBUF_INIT;

	TRY(crypt_rsa_generate(&key, pem, e));
	TRY(fs_write_atomic(key_path, key.data, key.len, 0600, e));
	return fs_write_atomic(pub_path, pem->data, pem->len, 0644, e);
}

enum err_code key_for(const char *home, const char *user, bool generate, struct strbuf *pem,
                      struct err *e)
{
	CLEANUP(free_str) char *dir = config_path(home, "");
	CLEANUP(free_str) char *key_path = xasprintf("%s%s.key", dir, user);
	CLEANUP(free_str) char *pub_path = xasprintf("%s%s.pub", dir, user);

	TRY(fs_mkdirs(dir, 0700, e));
	if (fs_exists(key_path) && fs_exists(pub_path))
		return fs_read(pub_path, KEY_FILE_MAX, pem, e);
	return generate ? generate_pair(key_path, pub_path, pem, e) : ERR_OK;
}
