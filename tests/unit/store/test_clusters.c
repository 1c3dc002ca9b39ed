#include "harness.h"

static const char *cluster_tags[] = { "prod" };

static struct cluster sample(const char *name, struct node *nodes, size_t n_nodes)
{
	return (struct cluster){ .name = name,
		                 .version = "15",
		                 .ssh = { "root", "/root/.ssh/id_rsa", 22, NULL, "sudo-pw" },
		                 .admin = { "postgres", "admin-pw" },
		                 .repl = { "repl", "repl-pw" },
		                 .rpc_token = "token-pw",
		                 .tags = cluster_tags,
		                 .n_tags = 1,
		                 .nodes = nodes,
		                 .n_nodes = n_nodes };
}

static int64_t save_two_nodes(struct harness *h)
{
	struct node nodes[] = {
		{ .hostname = "a", .ip = "10.0.1.1", .port = 5432, .role = ROLE_MASTER },
		{ .hostname = "b", .upstream_host = "10.0.1.1", .datadir = "/data" },
	};
	struct cluster c = sample("one", nodes, 2);
	int64_t id = 0;

	assert_ok(h, store_cluster_save(h->s, &c, &id, &h->e));
	return id;
}

static void gives_back_what_it_got(void **state)
{
	struct harness *h = *state;
	int64_t id = save_two_nodes(h);
	struct cluster c;

	assert_int_equal(id, 1);
	assert_ok(h, store_cluster_get(h->s, id, true, h->a, &c, &h->e));
	assert_string_equal(c.name, "one");
	assert_string_equal(c.ssh.sudo_password, "sudo-pw");
	assert_string_equal(c.admin.user, "postgres");
	assert_string_equal(c.admin.password, "admin-pw");
	assert_string_equal(c.rpc_token, "token-pw");
	assert_string_equal(c.tags[0], "prod");
	assert_true(c.created > 0);
	assert_int_equal(c.n_nodes, 2);
	assert_int_equal(c.nodes[0].id, 1);
	assert_int_equal(c.nodes[1].port, 5432);
	assert_string_equal(c.nodes[1].datadir, "/data");
	assert_int_equal(c.nodes[1].cluster_id, id);
	assert_int_equal(c.nodes[1].upstream_node_id, 1);
	assert_ok(h, store_cluster_get_by_name(h->s, "one", false, h->a, &c, &h->e));
	assert_string_equal(c.admin.user, "postgres");
	assert_string_equal(c.admin.password, "");
	assert_int_equal(store_cluster_get(h->s, 9, false, h->a, &c, &h->e), ERR_NOT_FOUND);
	assert_int_equal(store_cluster_get_by_name(h->s, "x", false, h->a, &c, &h->e),
	                 ERR_NOT_FOUND);
}

static void saving_again_keeps_ids_and_secrets_left_out(void **state)
{
	struct harness *h = *state;
	int64_t id = save_two_nodes(h);
	struct node nodes[] = {
		{ .hostname = "c", .port = 5433 },
		{ .hostname = "A", .ip = "10.0.1.1", .port = 5432, .role = ROLE_MASTER },
	};
	struct cluster c = sample("renamed", nodes, 2), got;
	int64_t created;

	assert_ok(h, store_cluster_get(h->s, id, false, h->a, &got, &h->e));
	created = got.created;
	c.id = id;
	c.admin.password = NULL;
	c.rpc_token = "";
	c.repl.password = "new-pw";
	usleep(2000);
	assert_ok(h, store_cluster_save(h->s, &c, NULL, &h->e));
	assert_ok(h, store_cluster_get(h->s, id, true, h->a, &got, &h->e));
	assert_string_equal(got.name, "renamed");
	assert_string_equal(got.admin.password, "admin-pw");
	assert_string_equal(got.rpc_token, "token-pw");
	assert_string_equal(got.repl.password, "new-pw");
	assert_int_equal(got.created, created);
	assert_int_equal(got.n_nodes, 2);
	assert_int_equal(got.nodes[0].id, 1);
	assert_string_equal(got.nodes[0].hostname, "A");
	assert_int_equal(got.nodes[1].id, 3);
}

static void a_slave_cluster_finds_its_other_end(void **state)
{
	struct harness *h = *state;
	int64_t one = save_two_nodes(h), two;
	struct node nodes[] = {
		{ .hostname = "c", .upstream_host = "a" },
		{ .hostname = "d", .upstream_host = "c" },
	};
	struct cluster c = sample("two", nodes, 2), got;
	struct cluster_list l;

	c.remote_cluster_id = one;
	c.remote_host = "10.0.1.1";
	assert_ok(h, store_cluster_save(h->s, &c, &two, &h->e));
	assert_ok(h, store_cluster_get(h->s, two, false, h->a, &got, &h->e));
	assert_int_equal(got.remote_node_id, 1);
	assert_int_equal(got.nodes[0].upstream_node_id, 1);
	assert_int_equal(got.nodes[1].upstream_node_id, got.nodes[0].id);
	assert_ok(h, store_cluster_list(h->s, true, h->a, &l, &h->e));
	assert_int_equal(l.count, 2);
	assert_string_equal(top_level_master(&l, two, NULL)->hostname, "a");
	assert_string_equal(l.items[1].admin.password, "admin-pw");
}

static void names_and_hosts_belong_to_one_cluster(void **state)
{
	struct harness *h = *state;
	struct node taken[] = { { .hostname = "new" }, { .hostname = "B", .port = 5432 } };
	struct node by_ip[] = { { .hostname = "10.0.1.1", .port = 5432 } };
	struct node other_port[] = { { .hostname = "b", .port = 5433 } };
	struct node twice[] = { { .hostname = "x" }, { .hostname = "X" } };
	struct cluster c = sample("one", other_port, 1);
	struct cluster_list l;

	save_two_nodes(h);
	assert_int_equal(store_cluster_save(h->s, &c, NULL, &h->e), ERR_CONFLICT);
	assert_non_null(strstr(h->e.text, "the name \"one\" is taken by cluster 1"));
	c = sample("two", taken, 2);
	assert_int_equal(store_cluster_save(h->s, &c, NULL, &h->e), ERR_CONFLICT);
	assert_non_null(strstr(h->e.text, "B:5432 belongs to cluster 1"));
	c = sample("two", by_ip, 1);
	assert_int_equal(store_cluster_save(h->s, &c, NULL, &h->e), ERR_CONFLICT);
	c = sample("two", twice, 2);
	assert_int_equal(store_cluster_save(h->s, &c, NULL, &h->e), ERR_CONFLICT);
	c = sample("../two", other_port, 1);
	assert_int_equal(store_cluster_save(h->s, &c, NULL, &h->e), ERR_INVALID);
	assert_ok(h, store_cluster_list(h->s, false, h->a, &l, &h->e));
	assert_int_equal(l.count, 1);
	c = sample("two", other_port, 1);
	assert_ok(h, store_cluster_save(h->s, &c, NULL, &h->e));
}

static void removing_frees_name_and_hosts_but_not_the_number(void **state)
{
	struct harness *h = *state;
	int64_t id = save_two_nodes(h);
	struct cluster c;

	assert_ok(h, store_cluster_remove(h->s, id, &h->e));
	assert_ok(h, store_cluster_remove(h->s, id, &h->e));
	assert_int_equal(store_cluster_get(h->s, id, false, h->a, &c, &h->e), ERR_NOT_FOUND);
	assert_int_equal(save_two_nodes(h), id + 1);
	assert_ok(h, store_cluster_get(h->s, id + 1, false, h->a, &c, &h->e));
	assert_int_equal(c.nodes[0].id, 3);
}

static enum err_code reserve(struct harness *h, int64_t job, const char *name, const char *host,
                             int port, int64_t *id)
{
	struct host_port hosts[] = { { host, port }, { "spare", (int)job + 1000 } };
	struct cluster_reservation r = {
		.job_id = job, .name = name, .hosts = hosts, .n_hosts = 2
	};

	err_clear(&h->e);
	return store_cluster_reserve(h->s, &r, id, &h->e);
}

static void reservations_keep_others_away(void **state)
{
	struct harness *h = *state;
	int64_t one = save_two_nodes(h), first = harness_job(h), second = harness_job(h);
	int64_t id = 0, again = 0;

	assert_int_equal(reserve(h, first, "two", "b", 0, &id), ERR_CONFLICT);
	assert_string_equal(h->e.text, "b:5432 belongs to cluster 1");
	assert_int_equal(reserve(h, first, "two", "10.0.1.1", 0, &id), ERR_CONFLICT);
	assert_int_equal(reserve(h, first, "one", "x", 0, &id), ERR_CONFLICT);
	assert_int_equal(reserve(h, first, "two", "x", 0, &id), ERR_OK);
	assert_true(id > one);
	assert_int_equal(reserve(h, first, "two", "x", 0, &again), ERR_OK);
	assert_int_equal(again, id);
	assert_int_equal(reserve(h, second, "two", "y", 0, &again), ERR_CONFLICT);
	assert_non_null(strstr(h->e.text, "taken by job 1"));
	assert_int_equal(reserve(h, second, "three", "X", 5432, &again), ERR_CONFLICT);
	assert_string_equal(h->e.text, "X:5432 is taken by job 1");
	assert_int_equal(reserve(h, second, "three", "x", 5433, &again), ERR_OK);
	assert_int_equal(again, id + 1);
	assert_ok(h, store_reservation_end(h->s, second, &h->e));
	assert_int_equal(reserve(h, second, "four", "x", 5433, &again), ERR_OK);
}

static void a_reservation_becomes_the_cluster(void **state)
{
	struct harness *h = *state;
	struct node nodes[] = { { .hostname = "x" } };
	struct cluster c = sample("two", nodes, 1);
	int64_t job = harness_job(h), other = harness_job(h), id = 0, saved = 0, next = 0;

	assert_int_equal(reserve(h, job, "two", "x", 0, &id), ERR_OK);
	assert_int_equal(store_cluster_save(h->s, &c, &saved, &h->e), ERR_CONFLICT);
	c.id = id;
	assert_ok(h, store_cluster_save(h->s, &c, &saved, &h->e));
	assert_int_equal(saved, id);
	assert_int_equal(reserve(h, other, "three", "spare", (int)job + 1000, &next), ERR_OK);
	assert_int_equal(next, id + 1);
	assert_ok(h, store_cluster_save(h->s, &c, &saved, &h->e));
}

static void reservations_end_with_cluster_or_job(void **state)
{
	struct harness *h = *state;
	int64_t job = harness_job(h), id = 0, again = 0;

	assert_int_equal(reserve(h, job, "", "x", 0, &id), ERR_OK);
	assert_ok(h, store_cluster_remove(h->s, id, &h->e));
	assert_int_equal(reserve(h, job, "n", "x", 0, &again), ERR_OK);
	assert_true(again > id);
	assert_ok(h, store_job_delete(h->s, job, &h->e));
	job = harness_job(h);
	assert_int_equal(reserve(h, job, "n", "x", 0, &again), ERR_OK);
}

static void refuses_reservations_that_make_no_sense(void **state)
{
	struct harness *h = *state;
	struct host_port twice[] = { { "x", 0 }, { "X", 5432 } };
	struct cluster_reservation r = {
		.job_id = harness_job(h), .name = "two", .hosts = twice, .n_hosts = 2
	};
	int64_t id = 0;

	assert_int_equal(store_cluster_reserve(h->s, &r, &id, &h->e), ERR_CONFLICT);
	assert_string_equal(h->e.text, "X:5432 is named twice");
	r.n_hosts = 1;
	r.remote_cluster_id = 77;
	assert_int_equal(store_cluster_reserve(h->s, &r, &id, &h->e), ERR_NOT_FOUND);
	assert_string_equal(h->e.text, "Cluster 77 is not found.");
	r.remote_cluster_id = 0;
	r.job_id = 99;
	assert_int_equal(store_cluster_reserve(h->s, &r, &id, &h->e), ERR_NOT_FOUND);
}

static void the_authority_is_kept_sealed(void **state)
{
	struct harness *h = *state;
	const char *cert = NULL, *key = NULL;

	assert_int_equal(store_ca_get(h->s, h->a, &cert, &key, &h->e), ERR_NOT_FOUND);
	assert_ok(h, store_ca_put(h->s, "CERT", "KEY", &h->e));
	assert_ok(h, store_ca_put(h->s, "CERT2", "KEY2", &h->e));
	assert_ok(h, store_ca_get(h->s, h->a, &cert, &key, &h->e));
	assert_string_equal(cert, "CERT2");
	assert_string_equal(key, "KEY2");
}

static void swapped_secrets_do_not_open(void **state)
{
	struct harness *h = *state;
	CLEANUP(json_free) struct json *data = harness_json("{\"password\":\"x\"}");
	CLEANUP(json_free) struct json *got = NULL;
	struct node node[] = { { .hostname = "z" } };
	struct cluster c = sample("two", node, 1);
	struct job j = { .command = "x" };
	int64_t one = save_two_nodes(h), two, job;

	assert_ok(h, store_cluster_save(h->s, &c, &two, &h->e));
	assert_ok(h, store_job_create(h->s, &j, data, &job, &h->e));
	assert_ok(h, store_job_create(h->s, &j, data, &job, &h->e));
	harness_sql(h, "UPDATE clusters SET secrets = (SELECT secrets FROM clusters"
	               " WHERE cluster_id = 1) WHERE cluster_id = 2");
	assert_ok(h, store_cluster_get(h->s, one, true, h->a, &c, &h->e));
	assert_int_equal(store_cluster_get(h->s, two, true, h->a, &c, &h->e), ERR_DENIED);
	assert_ok(h, store_cluster_get(h->s, two, false, h->a, &c, &h->e));
	harness_sql(h, "UPDATE jobs SET job_data_sealed = (SELECT job_data_sealed FROM jobs"
	               " WHERE job_id = 1) WHERE job_id = 2");
	assert_int_equal(store_job_data(h->s, job, &got, &h->e), ERR_DENIED);
	harness_sql(h, "UPDATE jobs SET job_data_sealed = (SELECT secrets FROM clusters"
	               " WHERE cluster_id = 1) WHERE job_id = 1");
	assert_int_equal(store_job_data(h->s, 1, &got, &h->e), ERR_DENIED);
	assert_null(got);
}

static void measurements_are_replaced_by_node(void **state)
{
	struct harness *h = *state;
	struct node_live two[2];
	struct live_list l;
	int64_t before, after;

	node_live_init(&two[0], 1, 1);
	node_live_init(&two[1], 1, 2);
	two[1].status = HOST_ONLINE;
	assert_ok(h, store_live_version(h->s, &before, &h->e));
	assert_ok(h, store_live_put(h->s, two, 2, &h->e));
	two[1].link = LINK_PAUSED;
	assert_ok(h, store_live_put(h->s, &two[1], 1, &h->e));
	assert_ok(h, store_live_list(h->s, h->a, &l, &h->e));
	assert_int_equal(l.count, 2);
	assert_int_equal(l.items[1].link, LINK_PAUSED);
	assert_int_equal(l.items[1].status, HOST_ONLINE);
	assert_ok(h, store_live_drop(h->s, 1, &h->e));
	assert_ok(h, store_live_list(h->s, h->a, &l, &h->e));
	assert_int_equal(l.count, 1);
	assert_ok(h, store_live_version(h->s, &after, &h->e));
	assert_true(after != before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_STORE(gives_back_what_it_got),
		WITH_STORE(saving_again_keeps_ids_and_secrets_left_out),
		WITH_STORE(a_slave_cluster_finds_its_other_end),
		WITH_STORE(names_and_hosts_belong_to_one_cluster),
		WITH_STORE(removing_frees_name_and_hosts_but_not_the_number),
		WITH_STORE(reservations_keep_others_away),
		WITH_STORE(a_reservation_becomes_the_cluster),
		WITH_STORE(reservations_end_with_cluster_or_job),
		WITH_STORE(refuses_reservations_that_make_no_sense),
		WITH_STORE(the_authority_is_kept_sealed),
		WITH_STORE(swapped_secrets_do_not_open),
		WITH_STORE(measurements_are_replaced_by_node),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
