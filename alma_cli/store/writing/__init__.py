"""Operations folded into the tables, and what is derived from them."""
