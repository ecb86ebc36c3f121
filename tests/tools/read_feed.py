"""Prints what a feed reader makes of feeds: a JSON list with the channel and the items of each."""

import json
import sys

import feedparser


def told(file):
    feed = feedparser.parse(file)
    return {
        "malformed": bool(feed.bozo),
        "version": feed.version,
        "title": feed.feed.get("title"),
        "ttl": feed.feed.get("ttl"),
        "items": [
            {
                "id": item.get("id"),
                "link": item.get("link"),
                "title": item.get("title"),
                "published": item.get("published"),
                "parsed": list(item.published_parsed)[:6] if item.get("published_parsed") else None,
                "content": item.content[0].value if item.get("content") else item.get("summary", ""),
            }
            for item in feed.entries
        ],
    }


json.dump([told(file) for file in sys.argv[1:]], sys.stdout)
