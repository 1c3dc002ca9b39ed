/* What people type and what configuration files hold; the first byte says which parser. */
#include <string.h>

#include "base/mem.h"
#include "cli/config.h"
#include "cli/format.h"
#include "cli/hosts.h"
#include "cli/screen.h"
#include "cli/url.h"
#include "fuzz.h"

static bool no_field(void *ctx, char letter, struct strbuf *out)
{
	strbuf_addc(out, letter);
	return letter != 'x';
}

static void fuzz_hosts(const char *text)
{
	struct json *nodes = NULL;
	struct err e = { 0 };

	if (hosts_parse(text, &nodes, &e) != ERR_OK) {
		FUZZ_CHECK(!nodes && e.text[0]);
		return;
	}
	FUZZ_CHECK(json_len(nodes) > 0 && json_len(nodes) <= HOSTS_MAX);
	for (size_t i = 0; i < json_len(nodes); i++) {
		const char *host = json_get_str(json_at(nodes, i), "hostname");
		int64_t port = json_get_int(json_at(nodes, i), "port", 1);

		FUZZ_CHECK(host && *host && !strpbrk(host, "'\"\\/$` \n"));
		FUZZ_CHECK(port >= 1 && port <= 65535);
	}
	json_free(&nodes);
}

/* What was read and written again is read as the same. */
static void fuzz_url(const char *text)
{
	struct url a, b;
	char base[600], again[600];

	if (url_parse(text, &a, NULL) != ERR_OK)
		return;
	url_base(&a, base, sizeof(base));
	FUZZ_CHECK(url_parse(base, &b, NULL) == ERR_OK);
	FUZZ_CHECK(strcmp(base, url_base(&b, again, sizeof(again))) == 0);
}

static void fuzz_config(const char *text)
{
	struct json *config = json_object_new();
	struct err e = { 0 };

	FUZZ_CHECK(config_parse(text, config, &e) == ERR_OK || e.text[0]);
	json_free(&config);
}

/* No text of the controller reaches the terminal with control characters in it. */
static void fuzz_text(const char *text)
{
	struct screen screen = { .utf8 = true };
	struct strbuf out = STRBUF_INIT;

	screen_text(&screen, text, &out);
	for (size_t i = 0; i < out.len; i++)
		FUZZ_CHECK((unsigned char)out.data[i] >= 0x20 && out.data[i] != 0x7f);
	strbuf_reset(&out);
	format_print(&screen, text, no_field, NULL, NULL, &out);
	strbuf_reset(&out);
	screen_cut(&screen, text, 10, &out);
	strbuf_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static void (*const parsers[])(const char *) = { fuzz_hosts, fuzz_url, fuzz_config,
		                                         fuzz_text };
	char *text;

	if (len == 0)
		return 0;
	text = xstrndup((const char *)data + 1, len - 1);
	parsers[data[0] % 4](text);
	free_str(&text);
	return 0;
}
