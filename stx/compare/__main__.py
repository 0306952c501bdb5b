from stx.compare import main

main()
