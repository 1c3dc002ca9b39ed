#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/macros.h"
#include "model/cluster.h"

/* 1: a <- b; 2: c (from a) <- d; 3: e (from d); 4 and 5: replicas of each other; 6: dangling */
static struct node n1[] = {
	{ .id = 1, .hostname = "a", .ip = "10.0.1.1", .port = 5432, .role = ROLE_MASTER },
	{ .id = 2, .hostname = "b", .port = 5432, .upstream_node_id = 1 },
};
static struct node n2[] = {
	{ .id = 3,
	  .hostname = "c",
	  .port = 5432,
	  .upstream_host = "10.0.1.1",
	  .upstream_port = 5432 },
	{ .id = 4, .hostname = "d", .port = 5433, .upstream_host = "c" },
};
static struct node n3[] = {
	{ .id = 5, .hostname = "e", .port = 5432 },
};
static struct node n4[] = { { .id = 6, .hostname = "f", .port = 5432, .upstream_node_id = 7 } };
static struct node n5[] = { { .id = 7, .hostname = "g", .port = 5432, .upstream_node_id = 6 } };
static struct node n6[] = { { .id = 8, .hostname = "h", .port = 5432, .upstream_host = "zz" } };

static struct cluster clusters[] = {
	{ .id = 1, .name = "one", .nodes = n1, .n_nodes = ARRAY_SIZE(n1) },
	{ .id = 2, .name = "two", .remote_cluster_id = 1, .nodes = n2, .n_nodes = ARRAY_SIZE(n2) },
	{ .id = 3,
	  .name = "three",
	  .remote_cluster_id = 2,
	  .remote_node_id = 4,
	  .nodes = n3,
	  .n_nodes = ARRAY_SIZE(n3) },
	{ .id = 4, .remote_cluster_id = 5, .nodes = n4, .n_nodes = 1 },
	{ .id = 5, .remote_cluster_id = 4, .nodes = n5, .n_nodes = 1 },
	{ .id = 6, .remote_cluster_id = 99, .nodes = n6, .n_nodes = 1 },
};
static const struct cluster_list all = { clusters, ARRAY_SIZE(clusters) };

static void finds_clusters_and_nodes(void **state)
{
	struct cluster *in = NULL;

	assert_ptr_equal(cluster_find(&all, 2), &clusters[1]);
	assert_null(cluster_find(&all, 0));
	assert_ptr_equal(cluster_find_name(&all, "three"), &clusters[2]);
	assert_null(cluster_find_name(&all, ""));
	assert_null(cluster_find_name(&all, NULL));
	assert_ptr_equal(cluster_list_node(&all, 4, &in), &n2[1]);
	assert_ptr_equal(in, &clusters[1]);
	assert_null(cluster_list_node(&all, 0, NULL));
}

static void knows_who_owns_a_host(void **state)
{
	struct cluster *in = NULL;

	assert_ptr_equal(cluster_list_node_at(&all, "10.0.1.1", 5432, &in), &n1[0]);
	assert_ptr_equal(in, &clusters[0]);
	assert_ptr_equal(cluster_list_node_at(&all, "D", 5433, &in), &n2[1]);
	assert_ptr_equal(cluster_list_node_at(&all, "d", 0, NULL), &n2[1]);
	assert_null(cluster_list_node_at(&all, "d", 5432, NULL));
	assert_null(cluster_list_node_at(&all, "", 5432, NULL));
	assert_null(cluster_list_node_at(&all, NULL, 0, NULL));
}

static void master_and_bridge_are_the_heads(void **state)
{
	assert_ptr_equal(cluster_master(&clusters[0]), &n1[0]);
	assert_null(cluster_master(&clusters[1]));
	assert_null(cluster_bridge(&clusters[0]));
	assert_ptr_equal(cluster_bridge(&clusters[1]), &n2[0]);
	assert_ptr_equal(cluster_bridge(&clusters[2]), &n3[0]);
	assert_ptr_equal(cluster_head(&clusters[0]), &n1[0]);
	assert_ptr_equal(cluster_head(&clusters[1]), &n2[0]);
}

static void walks_upstream_over_the_links(void **state)
{
	struct cluster *in = NULL;

	assert_ptr_equal(node_upstream(&all, &clusters[0], &n1[1], &in), &n1[0]);
	assert_ptr_equal(in, &clusters[0]);
	assert_null(node_upstream(&all, &clusters[0], &n1[0], &in));
	assert_ptr_equal(node_upstream(&all, &clusters[1], &n2[1], &in), &n2[0]);
	assert_ptr_equal(in, &clusters[1]);
	assert_ptr_equal(node_upstream(&all, &clusters[1], &n2[0], &in), &n1[0]);
	assert_ptr_equal(in, &clusters[0]);
	assert_ptr_equal(node_upstream(&all, &clusters[2], &n3[0], &in), &n2[1]);
	assert_ptr_equal(in, &clusters[1]);
	assert_null(node_upstream(&all, &clusters[5], &n6[0], &in));
}

static void finds_the_master_at_the_top(void **state)
{
	struct cluster *in = NULL;

	for (int64_t id = 1; id <= 3; id++) {
		assert_ptr_equal(top_level_master(&all, id, &in), &n1[0]);
		assert_ptr_equal(in, &clusters[0]);
	}
	assert_int_equal(cluster_depth(&all, 1), 0);
	assert_int_equal(cluster_depth(&all, 3), 2);
	assert_int_equal(node_depth(&all, &clusters[0], &n1[0]), 0);
	assert_int_equal(node_depth(&all, &clusters[0], &n1[1]), 1);
	assert_int_equal(node_depth(&all, &clusters[2], &n3[0]), 3);
	assert_true(cluster_descends(&all, 3, 1));
	assert_true(cluster_descends(&all, 3, 2));
	assert_false(cluster_descends(&all, 1, 3));
	assert_false(cluster_descends(&all, 1, 0));
}

static void rings_and_dangling_links_end(void **state)
{
	assert_null(cluster_top(&all, 4));
	assert_null(top_level_master(&all, 5, NULL));
	assert_int_equal(cluster_depth(&all, 4), -1);
	assert_int_equal(node_depth(&all, &clusters[3], &n4[0]), -1);
	assert_null(cluster_top(&all, 6));
	assert_int_equal(cluster_depth(&all, 6), -1);
	assert_int_equal(node_depth(&all, &clusters[5], &n6[0]), -1);
	assert_false(cluster_descends(&all, 4, 1));
	assert_true(cluster_descends(&all, 4, 4));
	assert_null(cluster_top(&all, 1234));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_clusters_and_nodes),
		cmocka_unit_test(knows_who_owns_a_host),
		cmocka_unit_test(master_and_bridge_are_the_heads),
		cmocka_unit_test(walks_upstream_over_the_links),
		cmocka_unit_test(finds_the_master_at_the_top),
		cmocka_unit_test(rings_and_dangling_links_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
