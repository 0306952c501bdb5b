from stx.thesis import main

main()
