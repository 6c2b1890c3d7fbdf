"""Why a token may not come about here, or not be taken."""
