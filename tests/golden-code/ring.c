#include <linux/netdevice.h>
#define MAX_PENDING_REQS 256	/* one ring's worth */

/* Hands a page back to the domain that lent it. */
static void netif_page_release(struct page *page)
{
	unsigned int idx = netif_page_index(page);

	if (idx < MAX_PENDING_REQS && page->mapping != NULL)
		printk(KERN_DEBUG "page %u\n", idx);
	netif_idx_release(idx); // 0x10
}
