/* A cluster that was accepted is written and read again as the same; masked secrets are gone. */
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "fuzz.h"
#include "model/cluster.h"
#include "model/live.h"
#include "model/mask.h"

static void check_round_trip(const struct json *j)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	CLEANUP(json_free) struct json *first = NULL;
	CLEANUP(json_free) struct json *second = NULL;
	struct err e = { 0 };
	struct cluster c, again;

	if (cluster_from_json(j, a, &c, &e) != ERR_OK) {
		FUZZ_CHECK(e.text[0]);
		return;
	}
	first = cluster_to_json(&c, true);
	FUZZ_CHECK(cluster_from_json(first, a, &again, &e) == ERR_OK);
	second = cluster_to_json(&again, true);
	FUZZ_CHECK(json_equal(first, second));
}

static void check_walks(const struct json *j)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct cluster_list l;
	struct live_list live = { 0 };
	struct wire_view v = { .clusters = &l, .live = &live, .with_hosts = true };
	struct err e = { 0 };

	if (cluster_list_from_json(j, a, &l, &e) != ERR_OK)
		return;
	for (size_t i = 0; i < l.count; i++) {
		CLEANUP(json_free) struct json *wire = cluster_wire_json(&v, &l.items[i]);

		FUZZ_CHECK(json_is_object(wire));
		(void)top_level_master(&l, l.items[i].id, NULL);
		FUZZ_CHECK(cluster_depth(&l, l.items[i].id) <= CLUSTER_DEPTH_MAX);
		for (size_t k = 0; k < l.items[i].n_nodes; k++)
			FUZZ_CHECK(node_depth(&l, &l.items[i], &l.items[i].nodes[k]) <=
			           CLUSTER_DEPTH_MAX);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	CLEANUP(json_free) struct json *j = NULL;
	CLEANUP(json_free) struct json *masked = NULL;
	struct err e = { 0 };

	if (json_parse((const char *)data, len, &j, &e) != ERR_OK)
		return 0;
	check_round_trip(j);
	check_walks(j);
	masked = mask_secrets(j);
	if (json_is_string(json_get(j, "password")) && !str_empty(json_get_str(j, "password")))
		FUZZ_CHECK(str_eq(json_get_str(masked, "password"), MASK_TEXT));
	return 0;
}
