"""The wire protocol, pure: no Django, no Channels, no asyncio. Rules: ``docs/SPEC.md``."""
