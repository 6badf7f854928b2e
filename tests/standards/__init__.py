"""Test cases that others wrote, through ``signedcert.core``, below the document profile."""
