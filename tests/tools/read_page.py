"""Prints what a program that knows microformats and JSON-LD makes of a page, as JSON."""

import json
import sys

import mf2py
from bs4 import BeautifulSoup

with open(sys.argv[1], encoding="utf-8") as file:
    html = file.read()
scripts = BeautifulSoup(html, "html5lib").find_all("script", type="application/ld+json")
told = {
    "microformats": mf2py.parse(doc=html, url=sys.argv[2])["items"],
    "linked data": [json.loads(script.string) for script in scripts],
}
json.dump(told, sys.stdout)
