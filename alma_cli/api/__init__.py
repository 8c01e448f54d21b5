"""The Python API: `ALMA` and what its calls give back, each imported when first asked for."""

from alma_cli.api.alma import ALMA

__all__ = ["ALMA"]
