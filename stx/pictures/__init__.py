"""Files, sizes and sheets: pictures in and out."""
