"""Prints what a feed reader makes of a feed: a JSON object with the channel and its items."""

import json
import sys

import feedparser

feed = feedparser.parse(sys.argv[1])
json.dump(
    {
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
    },
    sys.stdout,
)
