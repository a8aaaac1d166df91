"""Accounts: register, sign in and out, tokens, tickets. An ordinary Django app that can be left out."""
