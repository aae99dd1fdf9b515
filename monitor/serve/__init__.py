"""The web service: the site, subscribing, health, metrics and a read-only JSON API.

`app` puts it together; a file a thing that it answers. Only what `clients` believes is known of a
client, and only what `limits` allows is done for one.
"""
