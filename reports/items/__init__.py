"""Every test item with every arm's answer, packed into the page and unpacked there by a script of ours."""
