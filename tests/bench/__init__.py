"""``hubbub bench``: what users measure their own deployment with."""
