"""The asyncio engine: sessions, hub, subscriptions, limits. It knows no Django and no feature."""
